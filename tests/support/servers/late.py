"""The application as it fares on a slow machine: what a client hopes to have by then comes later.

`gunicorn "tests.support.servers.late:late_app()"` serves it.
"""

import time

from flask import Flask, request

from main import create_app
from web.live import video
from web.records import records

LIMIT = 30.0
"""Seconds for which a video may take to be over, before its cancellation is looked at."""


def late_app() -> Flask:
    """One where stops are answered early, cancellations come late, and closed cameras give no snapshot."""
    records.STOP_TIMEOUT = 0.0
    app = create_app()
    jobs, (camera,) = app.extensions["supervisor"].jobs, app.extensions["server"].cameras.values()

    @app.before_request
    def come_late() -> None:
        video.SNAPSHOT_LIMIT = 10.0 if camera.summary()["status"] == "live" else 0.0
        *_, job, action = request.path.split("/")
        until = time.monotonic() + LIMIT
        while action == "cancel" and jobs.get(job).status in ("queued", "running") and time.monotonic() < until:
            time.sleep(0.05)

    return app
