"""Training: from labelled faces to a weights bundle. Serving imports nothing from here."""

import importlib.util
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow reads it when it is first imported, by any module

_missing = [name for name in ("keras", "matplotlib") if importlib.util.find_spec(name) is None]
if _missing:  # here, since the commands import these packages before they could say so
    raise SystemExit(f"training: no {' and no '.join(_missing)}, which serving does without. Type: make train-setup")
