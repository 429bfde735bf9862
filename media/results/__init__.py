"""What was found in a picture or a video, in the forms in which it is given out."""
