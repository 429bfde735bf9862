"""Video files in and out, and their frames through the pipeline."""
