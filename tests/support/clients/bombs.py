"""Pictures that are made to cost: few bytes, much work or much memory."""

import io

import numpy as np
from PIL import Image as Pillow


def many_scans(width: int = 2000, height: int = 2000, scans: int = 2000) -> bytes:
    """A progressive JPEG (ITU-T T.81, annex G) whose last scan comes over and over; each is a pass over all blocks."""
    made = io.BytesIO()
    Pillow.new("L", (width, height), 130).save(made, "JPEG", progressive=True)
    data = made.getvalue()
    start, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:end] + data[start:end] * scans + data[end:]


def deep(side: int = 7000) -> bytes:
    """A PNG of 16 bits and many pixels, all alike: some kilobytes that become more than a gigabyte."""
    made = io.BytesIO()
    Pillow.fromarray(np.full((side, side), 700, np.uint16)).save(made, "PNG", compress_level=1)
    return made.getvalue()
