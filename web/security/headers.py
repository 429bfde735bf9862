"""Headers of every answer: browsers run only this program's own files, and other sites cannot embed or read answers."""

from flask import Flask, Response, request

POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "media-src": "'self' blob:",
    "object-src": "'none'",
    "frame-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
UNUSED = (
    "accelerometer",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "payment",
    "usb",
)
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "Permissions-Policy": ", ".join(["camera=(self)", *(f"{name}=()" for name in UNUSED)]),
    "Referrer-Policy": "same-origin",  # with "no-referrer" browsers send this site's forms with an Origin of "null"
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
}
WITH_FACES = ("/api/", "/video_feed", "/snapshot", "/records/")
"""Beginnings of addresses whose answers may contain or describe faces; nothing may cache them."""


def register(app: Flask) -> None:
    """Make an application send these headers with every answer."""

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.extend(HEADERS)
        response.headers.pop("Date", None)  # a file's answer has one, and the web server adds its own to every answer
        if request.path.startswith(WITH_FACES):
            response.headers["Cache-Control"] = "no-store"
        return response
