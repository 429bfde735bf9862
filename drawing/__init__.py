"""Drawing on frames: boxes, labels, bars, blurred and covered faces, and notices in place of a picture."""
