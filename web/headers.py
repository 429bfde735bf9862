"""Headers that every answer carries, so that a browser runs nothing but this program's own files."""

from flask import Flask, Response

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def register(app: Flask) -> None:
    """Have an application send them with every answer."""

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.extend(HEADERS)
        return response
