"""Encodes arrays as picture files."""

import cv2

from errors import ImageError
from faces import Image


def encode_picture(image: Image, suffix: str = ".jpg") -> bytes:
    """Encode a (height, width, 3) uint8 BGR picture as the format that `suffix` names, such as `.jpg`.

    Raises:
        ImageError: that format cannot hold it.
    """
    try:
        encoded, data = cv2.imencode(suffix, image)
    except cv2.error:
        encoded = False
    if not encoded:
        height, width = image.shape[:2]
        raise ImageError(f"the annotated copy of {width}x{height} pixels could not be encoded as {suffix}")
    return data.tobytes()
