"""Decodes picture files: any format and colour mode, upright, checked to the last byte.

It imports little, since a process is started for it (`sandbox`).
"""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from errors import ImageError
from faces import Image

PIXEL_LIMIT = 100_000_000
"""Pixels above which a picture is refused before it is decoded."""


FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")
"""Accepted formats; others are rare, and some are programs that would be run (EPS)."""


def read_picture(source: Path | bytes, name: str = "", limit: int = PIXEL_LIMIT) -> Image:
    """Decode a picture as (height, width, 3) uint8 BGR, upright by its EXIF orientation, transparency on white.

    Args:
        source: a file's path or its bytes.
        name: what errors call it; the path by default.
        limit: pixels above which it is refused before it is decoded.

    Raises:
        ImageError: it is missing, no picture, cut off, or too large.
    """
    name = name or (str(source) if isinstance(source, Path) else "the picture")
    try:
        # Pillow checks to the end of the file; OpenCV would silently fill missing parts with grey.
        with (
            warnings.catch_warnings(),
            Pillow.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS) as opened,
        ):
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)  # the limit below replaces it
            if opened.width * opened.height > limit:
                raise ImageError(f"{name}: {opened.width}x{opened.height} pixels, expected at most {limit:,}")
            upright = ImageOps.exif_transpose(opened)
            rgb = _as_rgb(upright)
            bgr = bytearray(rgb.tobytes("raw", "BGR"))  # half the time of reversing the array's last axis
            return np.frombuffer(bgr, np.uint8).reshape(rgb.height, rgb.width, 3)
    except FileNotFoundError:
        raise ImageError(f"{name}: there is no such file") from None
    except UnidentifiedImageError:
        raise ImageError(f"{name}: it is no picture; expected JPEG, PNG, WebP or the like") from None
    except Pillow.DecompressionBombError:
        raise ImageError(f"{name}: too many pixels, expected at most {limit:,}") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageError(
            f"{name}: the picture is cut off or damaged ({error}); get it again from where it came"
        ) from None


def _as_rgb(picture: Pillow.Image) -> Pillow.Image:
    if picture.mode.startswith("I") or picture.mode == "F":  # 16 bit and float: Pillow would clip, not scale
        values = np.asarray(picture, np.float64)
        top = 255.0 if values.max() <= 255 else max(65535.0, float(values.max()))
        picture = Pillow.fromarray((values * (255 / top)).clip(0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Pillow.new("RGBA", layer.size, "white")
        picture.alpha_composite(layer)
    return picture.convert("RGB")
