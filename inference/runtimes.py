"""Runtimes of a network: LiteRT from a compiled file, or Keras from architecture and weights.

LiteRT and Keras are imported only when they are used.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from errors import BundleError
from inference.architecture import check_weights, read_architecture

Batch = NDArray[np.float32]
Runtime = Callable[[Batch], Batch]


def litert_runtime(path: Path, content: bytes, threads: int | None) -> Runtime:
    """Load a compiled network; the runtime may be called from several threads, and runs one call at a time.

    Args:
        path: a .tflite file, as errors name it.
        content: its bytes. LiteRT would map a file that it opens itself, and crash if that is truncated.
        threads: CPU threads for one batch; None takes two, or one on a single core.

    Raises:
        BundleError: a file that LiteRT cannot read.
    """
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_content=content, num_threads=threads or min(2, os.cpu_count() or 1))
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise BundleError(
            f"{path}: LiteRT cannot read it ({error}). Make it again: python -m training.export --weights {path.parent}"
        ) from error
    source, result = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    lock = threading.Lock()  # an interpreter holds the tensors of one call
    allocated: int | None = None

    def run(batch: Batch) -> Batch:
        nonlocal allocated
        with lock:
            if len(batch) != allocated:
                interpreter.resize_tensor_input(source, batch.shape)
                interpreter.allocate_tensors()
                allocated = len(batch)
            interpreter.set_tensor(source, batch)
            interpreter.invoke()
            return np.array(interpreter.get_tensor(result), np.float32)

    return run


def load_keras_network(architecture: Path, weights: Path) -> Any:
    """Build the Keras network of a bundle, which cannot hold code, and load its weights.

    Raises:
        BundleError: Keras cannot read a file, a layer is not allowed, or the weights belong to another network.
    """
    config = read_architecture(architecture)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import keras
    except ImportError as error:
        raise BundleError(f"the Keras runtime cannot start ({error}). Install it: make train-setup") from error

    try:
        network = keras.saving.deserialize_keras_object(config, safe_mode=True)
    except (ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"{architecture}: Keras {keras.__version__} cannot build it ({error}). "
            "Restore it, or train again with python -m training.train"
        ) from error
    check_weights(weights)
    try:
        network.load_weights(weights)
    except (ValueError, OSError, KeyError) as error:
        raise BundleError(
            f"{weights}: does not fit {architecture.name} ({error}). "
            "Restore both from one bundle, or train again with python -m training.train"
        ) from error
    return network


def keras_runtime(network: Any) -> Runtime:
    """Compile a network to one function: `predict` would spend far longer on set-up than on a few faces."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return lambda batch: np.asarray(keras.ops.convert_to_numpy(network(batch, training=False)), np.float32)
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *network.input_shape[1:]), tf.float32)]
    function = tf.function(lambda batch: network(batch, training=False), input_signature=signature)
    return lambda batch: np.asarray(function(batch), np.float32)
