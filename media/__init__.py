"""Analysis of uploaded pictures and videos."""
