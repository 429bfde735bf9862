"""gunicorn's configuration: `gunicorn main:app` serves what `python main.py` serves, by settings of the environment.

One worker owns the cameras of its process; its threads serve the viewers, one each. Several workers show the cameras of
other processes, over Redis.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gunicorn import util
from gunicorn.errors import AppImportError
from gunicorn.glogging import Logger
from gunicorn.workers import gthread

from access.exposure import check_exposure
from config import logs
from config.loader import check_workers, load
from delivery import incoming, network
from delivery.viewers import SNAPSHOT_VIEWERS
from errors import ExpressionError, SettingError
from service import reloading, shared_metrics
from web.security import refusals
from web.security.upload_limits import FILES

try:
    _settings = load({}, os.environ)
    check_workers(_settings)
except SettingError as error:
    sys.exit(f"gunicorn: {error}")

bind = network.host_and_port(_settings.host, _settings.port)
workers = _settings.workers
_deadlines = incoming.Deadlines()
# enough for the page and /healthz to answer even when all limits are reached
threads = _settings.max_viewers + _settings.max_listeners + _settings.max_visitors + SNAPSHOT_VIEWERS + 16
worker_connections = threads + 256
timeout = 60  # for a worker that hangs as a whole; long streams do not count
graceful_timeout = 2  # streams end at once by themselves; this is for what is stuck
keepalive = 5
LINGER = 0.1
"""Seconds for which a stop waits for requests on idle connections; gunicorn's default is two."""
control_socket_disable = True  # it would leave a file in the user's home, shared by all servers there
forwarded_allow_ips = ""  # forwarded headers are trusted only as --proxies says
preload_app = False  # threads and devices do not survive a fork


class logger_class(Logger):  # type: ignore[misc]  # noqa: N801 - gunicorn's name for it
    """gunicorn's own log in the format of ours, wherever its options send it."""

    def setup(self, cfg: Any) -> None:
        """Set up the log, at the start and after SIGHUP."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            logs.configure_handler(handler, _settings.log_format)


class worker_class(gthread.ThreadWorker):  # type: ignore[misc]  # noqa: N801 - gunicorn's name for it
    """gunicorn's threaded worker with a deadline for slow requests."""

    def handle(self, conn: Any) -> Any:
        """Serve the next request on a connection, in a thread of the pool."""
        with _deadlines.limit(conn):
            return super().handle(conn)


def on_starting(server: Any) -> None:
    """Create what the workers share."""
    reloading.get_reload()
    shared_metrics.get_shared_metrics()


def when_ready(server: Any) -> None:
    """Tune the listening sockets, whose options accepted connections inherit; make SIGHUP safe.

    Exits if a socket is exposed to other machines by oversight.
    """
    for listener in server.LISTENERS:
        address = listener.sock.getsockname()
        try:
            check_exposure(address[0] if isinstance(address, tuple) else "localhost", _settings)
        except SettingError as error:
            sys.exit(f"gunicorn: {error}")
        network.tune(listener.sock)
    reloading.try_before_reload(server, bind)


def on_reload(server: Any) -> None:
    """Announce the worker that SIGHUP is about to start."""
    reloading.get_reload().expect_successor(server.worker_age + 1)


@contextmanager
def _without_traceback() -> Iterator[None]:
    """Make gunicorn exit on our own errors without a traceback and without a second attempt."""
    try:
        yield
    except ExpressionError as error:
        raise AppImportError(f"gunicorn: {error}") from None


def post_fork(server: Any, worker: Any) -> None:
    """Make an error in the application's settings end the start with its reason; let a stop end loading at once."""
    reloading.exit_on_sigterm_while_loading(worker)
    worker.app.load = _without_traceback()(worker.app.load)


def post_worker_init(worker: Any) -> None:
    """Load the networks, so that a bad bundle ends the start; make a stop end the streams; wait for the cameras."""
    logs.set_up(_settings.log_level, _settings.log_format)
    util.close_graceful = network.close_in_background(util.close_graceful)
    util.write_error = refusals.write
    gthread.STOP_KEEPALIVE_LINGER = LINGER
    served = worker.app.callable.extensions["server"]
    with _without_traceback():
        served.load()
    worker.await_end = reloading.close_on_signals(reloading.STOPS, worker.age, served.close)
    reloading.get_reload().mark_ready(worker.age)
    if served.local_cameras and not reloading.get_reload().acquire_cameras():
        worker.log.warning("another worker keeps the cameras; going on without waiting for it")
    worker.app.callable.extensions["supervisor"].open()
    worker.app.callable.extensions["record_manager"].open()
    worker.app.callable.extensions["figures"].open(shared_metrics.get_shared_metrics())


def pre_request(worker: Any, req: Any) -> None:
    """Handle the received head of a request."""
    _deadlines.head_received(req, slowly=req.path.endswith(FILES))
    incoming.close_unread(req)


def worker_exit(server: Any, worker: Any) -> None:
    """Let no thread outlive the worker: Python crashes when it exits while a camera's driver holds one."""
    _deadlines.close()
    served = getattr(worker.app, "callable", None)
    if served is not None:
        served.extensions["record_manager"].close()
        served.extensions["supervisor"].close()
        served.extensions["guard"].close()
        closed = served.extensions["server"].close()
        served.extensions["figures"].close()
        if not closed:
            os._exit(0)
        if hasattr(worker, "await_end"):  # not where the start failed
            worker.await_end()
