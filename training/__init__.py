"""Training: from labelled faces to a weights bundle. Serving imports nothing from here."""

import importlib.util
import os

<<<<<<< HEAD
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read by TensorFlow when it is first imported, by whichever module

_missing = [name for name in ("keras", "matplotlib") if importlib.util.find_spec(name) is None]
if _missing:  # here, since what the commands import needs them before a command could say so
    raise SystemExit(f"training: no {' and no '.join(_missing)}, which serving does without. Type: make train-setup")
=======
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow reads it when it is first imported, by any module
>>>>>>> ca86cd0 (Say in plain words what training/ does, with the names that Keras users know)
