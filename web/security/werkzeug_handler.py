"""The request handler of Werkzeug's server, for one's own machine: quiet, and refusing invalid HTTP as problem JSON."""

from http import HTTPStatus
from typing import Any

from werkzeug.serving import WSGIRequestHandler

from web.security import refusals


class Handler(WSGIRequestHandler):
    """One connection. It logs nothing, since `web.request_log` does; it sends no chunks to HTTP/1.0 clients."""

    def run_wsgi(self) -> None:
        """Answer with the HTTP version of the request; Werkzeug always uses its own."""
        self.protocol_version = "HTTP/1.0" if self.request_version == "HTTP/1.0" else "HTTP/1.1"
        super().run_wsgi()

    def make_environ(self) -> Any:
        """Return the WSGI environment of the request.

        Raises:
            ConnectionAbortedError: the address is invalid, which has been answered; Werkzeug ignores this error.
        """
        try:
            return super().make_environ()
        except ValueError as error:
            self.send_error(400, str(error))
            raise ConnectionAbortedError from None

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse invalid HTTP with problem JSON."""
        refusals.write(self.connection, int(code), HTTPStatus(code).phrase, message or explain or "")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""

    def log_error(self, format: str, *args: object) -> None:
        """Log nothing about invalid HTTP."""
