"""The application factory and the command line; it only connects the parts.

`python main.py` serves locally, `python main.py analyze PATH...` analyses files, `gunicorn main:app` serves in
production.
"""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from werkzeug.serving import make_server

from access.exposure import check_exposure, is_every_address
from access.guard import Guard
from access.limits import RateLimiter
from config import logs
from config.loader import add_options, load, nearest, parse_options
from config.redaction import without_password
from config.settings import Settings
from delivery import network
from errors import ExpressionError
from media.queue.supervisor import Supervisor
from recording.manager import RecordManager
from service import reloading
from service.server import Server
from web import addresses, problems, request_log
from web.description import openapi
from web.files import pictures, videos
from web.live import events, own_camera, state, video
from web.metrics import endpoint, health
from web.pages import models, pages
from web.records import records
from web.security import (
    authorization,
    bodies,
    headers,
    hosts,
    identity,
    login,
    origin,
    queries,
    upload_limits,
    werkzeug_handler,
)

log = logging.getLogger("main")

CONF = Path(__file__).resolve().with_name("gunicorn.conf.py")
"""gunicorn reads it only when it is started in this folder; `--chdir` does not help."""
COMMANDS = {
    "analyze": "media.analyze",
    "worker": "media.queue.worker",
    "camera": "service.node",
    "access": "access.command",
}
"""The modules of the subcommands, imported on use: they need libraries that a server does not."""

PARTS = (
    pages,
    video,
    events,
    state,
    health,
    endpoint,
    own_camera,
    pictures,
    videos,
    records,
    models,
    openapi,
    login,
    identity,
)
"""The modules whose blueprints make up the application."""


def create_app(settings: Settings | None = None) -> Flask:
    """Create the Flask application for some settings, by default the environment's. Opens and starts nothing.

    Raises:
        SettingError: the environment holds an unknown or impossible setting.
        SourceError: a source file does not exist.
    """
    if os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn") and not reloading.is_created():
        log.warning("%s: not read, so that one viewer may keep all others waiting; start gunicorn there", CONF)
    app = Flask(__name__)
    app.json = _OrderedJSON(app)
    settings = settings or load({}, os.environ)
    app.extensions["server"] = Server(settings)
    app.extensions["supervisor"] = Supervisor(settings)
    app.extensions["record_manager"] = RecordManager(settings)
    app.extensions["limiter"] = RateLimiter(settings.redis_url)
    request_log.register(app)
    endpoint.register(app)
    addresses.register(app)
    for part in PARTS:
        app.register_blueprint(part.blueprint)
    headers.register(app)
    hosts.register(app, settings)
    origin.register(app)
    authorization.register(app, settings)
    bodies.register(app)
    queries.register(app)
    upload_limits.register(app, settings)
    problems.register(app)
    return app


class _OrderedJSON(DefaultJSONProvider):
    """Keeps the order of keys: probabilities are sent in the order of the labels."""

    sort_keys = False


def __getattr__(name: str) -> Any:
    """Create `main:app` when gunicorn accesses it, so that importing this module does nothing."""
    if name == "app":
        globals()["app"] = create_app()
        return globals()["app"]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def main(arguments: Sequence[str]) -> int:
    """The command line; returns the exit status."""
    if arguments and arguments[0] in COMMANDS:
        return int(import_module(COMMANDS[arguments[0]]).main(arguments[1:]))
    try:
        parser = _parser()
        if arguments and not arguments[0].startswith("-"):
            suggestion = nearest(arguments[0], list(COMMANDS))
            parser.error(f"{without_password(arguments[0])!r} is no command{suggestion} (without one it serves)")
        options = parse_options(parser, arguments)
        if options.json and not options.check:
            parser.error("--json tells what --check finds; give both")
        if options.check:
            from service import checks  # imports Redis' client and more, which a running server does not need

            return checks.main(options, os.environ)
        settings = load(vars(options), os.environ)
        logs.set_up(settings.log_level, settings.log_format)
        return serve(settings)
    except ExpressionError as error:
        print(f"main.py: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="main.py",
        usage="main.py [--check] [--config FILE] [--source SOURCE] [--port PORT] ...",
        allow_abbrev=False,
        description="Live video with an expression on every face, on a page of your own machine.",
        epilog="'main.py analyze --help' tells how to read pictures and videos. Every option is also an environment "
        "variable: --max-viewers is EXPRESSION_MAX_VIEWERS.",
    )
    check_help = (
        "start nothing: tell the settings and their origins, and try cameras, bundle, detector, access, storage, port"
    )
    parser.add_argument("--check", action="store_true", help=check_help)
    parser.add_argument("--json", action="store_true", help="tell what --check finds as JSON")
    add_options(parser)
    return parser


def serve(settings: Settings) -> int:
    """Serve until interrupted; return the exit status.

    Raises:
        SettingError: the address is taken, not this machine's, or open to others without access control.
        BundleError: the model cannot be loaded.
        DetectorError: the face detector that is asked for cannot run.
        SourceError: a source file does not exist.
    """
    check_exposure(settings.host, settings)
    app = create_app(settings)
    server: Server = app.extensions["server"]
    server.load()
    listener = network.listen(settings.host, settings.port)
    host, port = listener.getsockname()[:2]
    http = make_server(host, port, app, threaded=True, request_handler=werkzeug_handler.Handler, fd=listener.fileno())
    model = server.model
    print(f"Finding faces with {server.detector}, reading expressions with {model.name} ({model.runtime}).")
    if server.notice:
        print(f"{server.notice} Another source: --source, see --help.")
    name = "localhost" if is_every_address(host) else host
    print(f"Open http://{network.host_and_port(name, port)} in a browser. Ctrl-C ends.", flush=True)
    supervisor: Supervisor = app.extensions["supervisor"]
    supervisor.open()
    record_manager: RecordManager = app.extensions["record_manager"]
    record_manager.open()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell started this in the background
    for number in (signal.SIGTERM, signal.SIGHUP):  # a service manager's stop, a closed terminal: as clean as Ctrl-C
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        http.serve_forever(poll_interval=0.2)
    listener.close()
    record_manager.close()
    supervisor.close()
    guard: Guard = app.extensions["guard"]
    guard.close()
    if not server.close():
        log.warning("a camera's driver does not answer; leaving without it")
        os._exit(0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
