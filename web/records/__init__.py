"""Records of what a visitor sees."""
