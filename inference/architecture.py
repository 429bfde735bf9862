"""The check of Keras bundles: they may hold networks of plain layers, and nothing that runs code or reads other files.

Keras' own safe mode refuses lambda layers. This check comes before it and is stricter: it lists what is allowed, so
additions of later versions of Keras are refused until somebody has reviewed them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from errors import BundleError

REMEDY = "Take bundles from where you trust them, or train one with python -m training.train"
LARGEST = 50_000_000
"""The most bytes of the file; a network of a thousand layers has one megabyte."""
MODULES = frozenset(
    f"keras{part}"
    for part in ("", ".layers", ".models", ".initializers", ".regularizers", ".constraints", ".src.models.functional",
                 ".src.models.sequential", ".src.models.model")
)  # fmt: skip
MODELS = "Functional Sequential Model InputLayer"
LAYERS = (
    "Dense Conv1D Conv2D Conv2DTranspose DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D Embedding "
    "MaxPooling1D MaxPooling2D AveragePooling1D AveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D "
    "GlobalAveragePooling1D GlobalAveragePooling2D AdaptiveAveragePooling2D AdaptiveMaxPooling2D "
    "BatchNormalization LayerNormalization GroupNormalization RMSNormalization UnitNormalization "
    "Activation ReLU LeakyReLU PReLU ELU Softmax Identity Rescaling Normalization Resizing CenterCrop "
    "Dropout SpatialDropout1D SpatialDropout2D GaussianDropout GaussianNoise AlphaDropout ActivityRegularization "
    "Flatten Reshape Permute RepeatVector Cropping1D Cropping2D UpSampling1D UpSampling2D ZeroPadding1D ZeroPadding2D "
    "Add Subtract Multiply Average Maximum Minimum Concatenate Dot Attention AdditiveAttention MultiHeadAttention "
    "RandomBrightness RandomContrast RandomFlip RandomRotation RandomTranslation RandomZoom"
)
PARTS = (
    "DTypePolicy Zeros Ones Constant Identity RandomNormal RandomUniform TruncatedNormal VarianceScaling Orthogonal "
    "GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform L1 L2 L1L2 MaxNorm MinMaxNorm NonNeg "
    "UnitNorm SeedGenerator"
)
CLASSES = frozenset(f"{MODELS} {LAYERS} {PARTS}".split())
VALUES = frozenset({"__keras_tensor__"})
"""Names that Keras writes like classes, although they are only places in the graph."""


def read_architecture(path: Path) -> dict[str, Any]:
    """Read a network's architecture for Keras, and check that it holds nothing but plain layers.

    Raises:
        BundleError: the file is no JSON, or holds something that is not allowed.
    """
    if path.stat().st_size > LARGEST:
        raise BundleError(f"{path}: {path.stat().st_size:,} bytes, expected at most {LARGEST:,}. {REMEDY}")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        forbidden = next((name for node in _objects(config) if (name := _forbidden(node))), "")
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path}: it is no architecture that can be read ({error}). {REMEDY}") from None
    if not isinstance(config, dict) or "class_name" not in config:
        raise BundleError(f"{path}: it is no network, expected what Keras' to_json() writes. {REMEDY}")
    if forbidden:
        raise BundleError(
            f"{path}: it holds {forbidden}, which is none of the plain layers that are let through. {REMEDY}"
        )
    return config


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a JSON value, at any depth."""
    if isinstance(node, dict):
        yield node
    if isinstance(node, dict | list):
        for part in node.values() if isinstance(node, dict) else node:
            yield from _objects(part)


def _forbidden(node: dict[str, Any]) -> str:
    """The name in an object for Keras that is not allowed; empty if all are."""
    name = node.get("class_name")
    if name is None:
        return ""
    module, registered = node.get("module"), node.get("registered_name")
    if not isinstance(name, str) or name not in CLASSES | VALUES:
        return f"{name!r}"[:100]
    if module is not None and module not in MODULES:
        return f"{name!r} of {module!r}"[:100]
    return "" if registered in (None, name) else f"{name!r} registered as {registered!r}"[:100]


def check_weights(path: Path) -> None:
    """Check that a weights file (HDF5) holds only groups and arrays, and refers to no other file.

    Raises:
        BundleError: a part of it is something else, or lies in another file.
    """
    import h5py

    try:
        with h5py.File(path) as file:
            forbidden = _forbidden_part(file)
    except OSError:  # Keras says what is wrong with it
        return
    except (KeyError, RuntimeError, ValueError) as error:
        raise BundleError(f"{path}: it holds a part that cannot be read ({error}). {REMEDY}") from None
    if forbidden:
        raise BundleError(f"{path}: {forbidden}. {REMEDY}")


def _forbidden_part(file: Any) -> str:
    """What is wrong with a part that is a link, outside the file, or neither group nor array; empty if none is."""
    import h5py

    groups, known = [file], {_place(file)}
    while groups:
        group = groups.pop()
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                return f"{name!r} lies in another file"
            part = group[name]
            if isinstance(part, h5py.Group):
                if _place(part) in known:
                    return f"{name!r} is a group that stands in it twice, perhaps within itself"
                known.add(_place(part))
                groups.append(part)
            elif not isinstance(part, h5py.Dataset):
                return f"{name!r} is neither a group nor an array"
            elif part.external or part.is_virtual:
                return f"{name!r} lies in another file"
    return ""


def _place(group: Any) -> int:
    import h5py

    return int(h5py.h5o.get_info(group.id).addr)
