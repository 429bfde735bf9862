"""gunicorn's settings: `gunicorn main:app` serves what `python main.py` serves, with settings from the environment.

One worker owns the cameras of its process; its threads carry the viewers, one each.
"""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import logs
from delivery import network
from settings import load

_settings = load({}, os.environ)

bind = f"{_settings.host}:{_settings.port}"
workers = 1
worker_class = "gthread"
threads = _settings.max_viewers + _settings.max_visitors + 16  # the page and /healthz answer with all of them there
worker_connections = threads + 256
timeout = 60  # for a worker that hangs as a whole; a stream of any length keeps none
graceful_timeout = 2  # streams end by themselves at once; what is stuck has this long
keepalive = 5
control_socket_disable = True  # it would leave a file in the user's home, the same for every server there
preload_app = False  # threads and devices do not survive a fork


def when_ready(server: Any) -> None:
    """Tune the listening sockets, whose settings accepted connections inherit."""
    for listener in server.LISTENERS:
        network.tune(listener.sock)


def post_worker_init(worker: Any) -> None:
    """Load the model, so that a bad bundle stops the start; and have a stop of the worker end the streams."""
    logs.set_up(_settings.log_level)
    worker.log.error_log.addFilter(logs.LetGo())
    served = worker.app.callable.extensions["server"]
    _ = served.model
    worker.app.callable.extensions["foreman"].open()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        _close_on(number, served.close)


def _close_on(number: signal.Signals, close: Callable[[], bool]) -> None:
    before = signal.getsignal(number)

    def handle(received: int, frame: FrameType | None) -> None:
        # In a thread of its own: a signal may come while this one holds a lock that closing needs.
        threading.Thread(target=close).start()
        if callable(before):
            before(received, frame)

    signal.signal(number, handle)


def worker_exit(server: Any, worker: Any) -> None:
    """Let no thread outlive the worker: Python crashes when it ends while a camera's driver holds one."""
    served = getattr(worker.app, "callable", None)
    if served is not None:
        served.extensions["foreman"].close()
    if served is not None and not served.extensions["server"].close():
        os._exit(0)
