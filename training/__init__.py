"""From labelled faces to a weights bundle. Nothing that serves imports this package."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read by TensorFlow when it is first imported, by whichever module
