"""Records of what a visitor saw: the annotated video, the faces over time, and a summary."""
