"""Pictures and videos that are handed in."""
