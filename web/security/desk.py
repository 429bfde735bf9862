"""The web server at one's own desk, Werkzeug's: what it answers by itself, and that it tells nothing."""

from http import HTTPStatus
from typing import Any

from werkzeug.serving import WSGIRequestHandler

from web.security import refusals


class Handler(WSGIRequestHandler):
    """One connection. Tells of nothing, since `web.request_log` does; sends no chunks to who asks by HTTP/1.0."""

    def run_wsgi(self) -> None:
        """Answer by the version of HTTP that was asked by; Werkzeug always takes its own."""
        self.protocol_version = "HTTP/1.0" if self.request_version == "HTTP/1.0" else "HTTP/1.1"
        super().run_wsgi()

    def make_environ(self) -> Any:
        """The request as WSGI has it.

        Raises:
            ConnectionAbortedError: its address cannot be read, which has been told; Werkzeug then passes on.
        """
        try:
            return super().make_environ()
        except ValueError as error:
            self.send_error(400, str(error))
            raise ConnectionAbortedError from None

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no valid HTTP, as problem JSON."""
        refusals.write(self.connection, int(code), HTTPStatus(code).phrase, message or explain or "")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Pass over."""

    def log_error(self, format: str, *args: object) -> None:
        """Pass over what is no valid HTTP."""
