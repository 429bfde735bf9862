"""One camera from its source to the viewers."""
