"""`/metrics`: the server's metrics in Prometheus' text format, read from the same state as everything else."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from delivery.counters import Counts
from errors import ExpressionError
from media.limits.disk import free_bytes
from media.queue.jobs import Jobs
from service.server import Server
from web.cameras import the_server
from web.description.operations import Answer, operation
from web.files.videos import the_supervisor
from web.metrics.aggregation import SharedFigures
from web.metrics.camera_metrics import count_metrics, state_metrics
from web.metrics.worker_metrics import WorkerFigures

blueprint = Blueprint("metrics", __name__)


def register(app: Flask) -> None:
    """Make an application count for `/metrics`; call it when all sources of its metrics are registered."""
    extensions = app.extensions
    extensions["pictures"] = Counts()
    extensions["worker"] = WorkerFigures(
        extensions["server"], extensions["record_manager"], extensions["requests"], extensions["pictures"]
    )
    extensions["figures"] = SharedFigures(extensions["worker"].read)


@blueprint.get("/metrics")
@operation("Server", {200: Answer("The metrics, as text", ["text/plain"])})
def metrics() -> Response:
    """Counters since the start and current gauges: of each camera, of all workers together, of each process."""
    registry = CollectorRegistry()  # a new one each time: it holds no values, the server does
    figures: SharedFigures = current_app.extensions["figures"]
    registry.register(_Shared(the_server(), current_app.extensions["worker"], figures))
    registry.register(_Common(the_server(), the_supervisor().jobs))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


class _Shared(Collector):
    """Collects the sums of all workers, and the state of the cameras."""

    def __init__(self, server: Server, worker: WorkerFigures, figures: SharedFigures) -> None:
        self._server, self._worker, self._figures = server, worker, figures

    def collect(self) -> Iterator[Metric]:
        """Yield the cameras that this process knows, and the sums of all workers."""
        feeds = list(self._server.cameras.values())
        names, figures = {feed.name for feed in feeds}, self._figures.read()
        yield from state_metrics(feeds)
        yield from count_metrics({name: counted for name, counted in figures.cameras.items() if name in names})
        yield from self._worker.metrics(figures)


class _Common(Collector):
    """Collects what is the same in every process."""

    def __init__(self, server: Server, jobs: Jobs) -> None:
        self._server, self._jobs = server, jobs

    def collect(self) -> Iterator[Metric]:
        """Yield the model, the detector, the waiting videos, and the free space for uploads and records."""
        model = GaugeMetricFamily("expression_model", "1 for the model that is used", labels=["name", "runtime"])
        detector = GaugeMetricFamily("expression_detector", "1 for the face detector that is used", labels=["detector"])
        videos = GaugeMetricFamily("expression_videos", "Videos that wait or are read")
        with suppress(ExpressionError):  # values that cannot be read are left out
            model.add_metric([self._server.model.name, self._server.model.runtime], 1)
        with suppress(ExpressionError):
            detector.add_metric([self._server.detector], 1)
        with suppress(ExpressionError):
            videos.add_metric([], self._jobs.unfinished())
        yield from (model, detector, videos)
        limit = self._server.settings.max_records
        yield GaugeMetricFamily("expression_records_limit", "Most records at a time below one storage", value=limit)
        free = free_bytes(Path(self._server.settings.storage))
        yield GaugeMetricFamily("expression_storage_free_bytes", "Free space for uploads and records", value=free)
