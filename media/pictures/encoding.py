"""Arrays in, picture files out."""

import cv2

from errors import ImageError
from faces import Image


def encoded(image: Image, suffix: str = ".jpg") -> bytes:
    """A (height, width, 3) uint8 BGR picture as the bytes of a file whose name ends in `suffix`.

    Raises:
        ImageError: that format cannot hold it.
    """
    try:
        good, data = cv2.imencode(suffix, image)
    except cv2.error:
        good = False
    if not good:
        height, width = image.shape[:2]
        raise ImageError(f"the annotated copy of {width}x{height} pixels could not be encoded as {suffix}")
    return data.tobytes()
