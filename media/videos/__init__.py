"""Reading, writing and analysing video files."""
