"""The live pipeline: one camera from its source to its viewers."""
