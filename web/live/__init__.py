"""The live picture, its events, and the visitor's own camera."""
