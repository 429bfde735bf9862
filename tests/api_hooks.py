"""What Schemathesis must be told to speak with this server: real pictures, and where a stream may be left."""

import io

import requests
import schemathesis
from hypothesis import strategies
from PIL import Image

ENDLESS = "multipart/x-mixed-replace"
ENOUGH = 500
"""Bytes of a stream that are read before it is left."""


def picture(form: str, size: tuple[int, int] = (40, 30)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "grey").save(made, form)
    return made.getvalue()


def leave_streams() -> None:
    """Have `requests` read the beginning of a stream only; it would wait for the end, which never comes."""
    send = requests.adapters.HTTPAdapter.send

    def sent(adapter, request, **options):
        response = send(adapter, request, **{**options, "stream": True})
        if response.headers.get("Content-Type", "").startswith(ENDLESS):
            response._content = response.raw.read(ENOUGH)
            response._content_consumed = True
            response.raw.close()
        return response

    requests.adapters.HTTPAdapter.send = sent


PICTURES = {form: picture(form) for form in ("JPEG", "PNG", "WEBP")}
for form, data in PICTURES.items():
    schemathesis.openapi.media_type(f"image/{form.lower()}", strategies.just(data))
for kind in ("video/mp4", "application/octet-stream"):
    schemathesis.openapi.media_type(kind, strategies.just(b"no video"))
leave_streams()
