"""The application factory and the command line: wiring only.

`python main.py` serves one's own desk, `python main.py analyze PATH...` reads files, `gunicorn main:app` deploys.
"""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from werkzeug.serving import WSGIRequestHandler, make_server

import analyze
import logs
import web.api
import web.headers
import web.live
import web.metrics
import web.own
import web.pages
import web.pictures
import web.problems
import web.videos
from delivery import network
from errors import ExpressionError
from media import worker
from media.foreman import Foreman
from server import Server
from settings import Settings, add_options, load

log = logging.getLogger("main")


def create_app(settings: Settings | None = None) -> Flask:
    """The Flask application for some settings, by default those of the environment. Opens and starts nothing.

    Raises:
        SettingError: the environment holds an unknown or impossible setting.
        SourceError: a source file does not exist.
    """
    app = Flask(__name__)
    app.json = _OrderedJSON(app)
    settings = settings or load({}, os.environ)
    app.extensions["server"] = Server(settings)
    app.extensions["foreman"] = Foreman(settings)
    for part in (web.pages, web.live, web.api, web.metrics, web.own, web.pictures, web.videos):
        app.register_blueprint(part.blueprint)
    web.headers.register(app)
    web.problems.register(app)
    return app


class _OrderedJSON(DefaultJSONProvider):
    """Leaves keys in their order: probabilities go out in that of the labels."""

    sort_keys = False


def __getattr__(name: str) -> Any:
    """Make `main:app` when gunicorn asks for it, so that importing this module does nothing."""
    if name == "app":
        globals()["app"] = create_app()
        return globals()["app"]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def main(arguments: Sequence[str]) -> int:
    """The command line; returns the exit status."""
    if arguments and arguments[0] == "analyze":
        return analyze.main(arguments[1:])
    if arguments and arguments[0] == "worker":
        return worker.main(arguments[1:])
    try:
        settings = load(vars(_parser().parse_args(arguments)), os.environ)
        logs.set_up(settings.log_level)
        return serve(settings)
    except ExpressionError as error:
        print(f"main.py: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="main.py",
        description="Live video with an expression on every face, on a page of your own machine.",
        epilog="'main.py analyze --help' tells how to read pictures and videos. Every option is also an environment "
        "variable: --max-viewers is EXPRESSION_MAX_VIEWERS.",
    )
    add_options(parser)
    return parser


def serve(settings: Settings) -> int:
    """Serve until interrupted; returns the exit status.

    Raises:
        SettingError: the address is taken or not this machine's.
        BundleError: the model cannot be loaded.
        SourceError: a source file does not exist.
    """
    app = create_app(settings)
    server: Server = app.extensions["server"]
    model = server.model
    listening = network.listen(settings.host, settings.port)
    host, port = listening.getsockname()[:2]
    http = make_server(host, port, app, threaded=True, request_handler=_QuietHandler, fd=listening.fileno())
    print(f"Reading expressions with {model.name} ({model.runtime}).")
    if server.notice:
        print(f"{server.notice} Another source: --source, see --help.")
    address = f"[{host}]" if ":" in host else host
    print(f"Open http://{address}:{port} in a browser. Ctrl-C ends.", flush=True)
    foreman: Foreman = app.extensions["foreman"]
    foreman.open()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell started this in the background
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service manager's stop is as clean as Ctrl-C
    try:
        http.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        print("\nStopping.", flush=True)
    listening.close()
    foreman.close()
    if not server.close():
        log.warning("a camera's driver does not answer; leaving without it")
        os._exit(0)
    return 0


class _QuietHandler(WSGIRequestHandler):
    """Tells of requests only at debug level: a page asks for the state twice a second."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        log.debug("%s %s %s", self.requestline, code, size)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
