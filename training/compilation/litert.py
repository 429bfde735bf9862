"""Exports Keras networks for other runtimes."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from errors import BundleError
from inference.runtimes import Batch
from training.networks.backend import litert_options


def compile_litert(network: Any, path: Path, precision: str) -> None:
    """Write a Keras network as a LiteRT file.

    Args:
        network: float32, with one input and one output.
        path: of the file, in an existing folder. An existing file is replaced atomically.
        precision: of the weights: "float32", "float16" or "int8" (dynamic range: 8-bit weights, one scale a channel;
            activations are quantised on the fly).
    """
    part = path.with_name(f"part.{path.name}")
    network.export(part, format="litert", verbose=False, **litert_options(precision))
    part.replace(path)


def write_onnx(network: Any, path: Path, batch: Batch) -> float:
    """Write a Keras network as ONNX, for runtimes other than this program's, and run it once.

    Args:
        network: float32, with one input and one output.
        path: of the file.
        batch: (N, height, width, channels) float32 images for the comparison.

    Returns:
        The largest difference of an output from Keras', by ONNX Runtime.

    Raises:
        BundleError: packages are missing; the message names them.
    """
    try:
        import onnxruntime
        import tf2onnx  # noqa: F401  # Keras' own message about it names no version
    except ImportError as error:
        raise BundleError(
            f"ONNX cannot be written ({error}). Install what it takes: pip install tf2onnx==1.17.0 onnx==1.23.2 "
            "onnxruntime==1.31.1"
        ) from error
    expected = network.predict(batch, verbose=0)  # also calls the network, which Keras needs before an export
    with contextlib.redirect_stdout(io.StringIO()):
        network.export(path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    outputs = session.run(None, {session.get_inputs()[0].name: batch})[0]
    return float(np.abs(outputs - expected).max())
