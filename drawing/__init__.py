"""What is drawn onto a frame: boxes, words, bars, covered faces, and the notices that stand in for a picture."""
