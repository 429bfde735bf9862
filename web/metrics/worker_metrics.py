"""What one process has counted and measured for `/metrics`, and the words for it."""

from collections.abc import Iterator

from prometheus_client import ProcessCollector
from prometheus_client.core import Metric

from delivery.counters import Counts
from recording.manager import OUTCOMES, RecordManager
from service.server import Server
from web.metrics.aggregation import Figures, Values
from web.metrics.camera_metrics import counts_of
from web.metrics.families import Family

COUNTS = {
    "expression_request_seconds": Family(
        "Requests that were answered, and the time from their coming to the end of the answer",
        ("method", "route", "status"),
        "summary",
    ),
    "expression_visitor_frames": Family("Frames of visitors' own cameras that were looked at"),
    "expression_pictures": Family("Pictures that were handed in and read"),
    "expression_picture_faces": Family("Faces that were found in them"),
    "expression_records_begun": Family("Records that were begun"),
    "expression_record_seconds": Family("Records that ended, by how, and their length", ("outcome",), "summary"),
    "expression_workers_started": Family("Processes that began to serve"),
}
GAUGES = {
    name: Family(words, kind="gauge")
    for name, words in {
        "expression_workers": "Processes that serve now",
        "expression_server_viewers": "Viewers whom this server sends pictures now, of whatever camera",
        "expression_viewers_limit": "Most of them, each worker's limit added up",
        "expression_listeners": "Listeners to events now",
        "expression_listeners_limit": "Most listeners, each worker's limit added up",
        "expression_visitors": "Visitors who show their own camera now",
        "expression_visitors_limit": "Most visitors, each worker's limit added up",
        "expression_records": "Records that are made now",
    }.items()
}


class WorkerFigures:
    """One process' figures, read where they are kept. Building it starts nothing.

    Args:
        server: whose viewers, listeners and visitors are counted.
        keeper: of the records.
        requests: answered ones and their seconds, by method, route and status.
        pictures: those that were read and the faces in them, under no label.
    """

    def __init__(self, server: Server, record_manager: RecordManager, requests: Counts, pictures: Counts) -> None:
        self._server, self._keeper, self._requests, self._pictures = server, record_manager, requests, pictures
        self._process = ProcessCollector(registry=None)

    def read(self, worker: str) -> Figures:
        """All of them; the processor time, memory and files of the process under the name `worker`."""
        gauges: dict[str, Values] = {name: {(): (value,)} for name, value in self._gauges().items()}
        cameras = {feed.name: counts_of(feed) for feed in self._server.known_engines()}
        figures = Figures(self._counts(), gauges, cameras)
        for metric in self._process.collect():
            of_kind = figures.counts if metric.type == "counter" else figures.gauges
            of_kind[metric.name] = {(worker,): (metric.samples[0].value,)}
        return figures

    def _counts(self) -> dict[str, Values]:
        pictures, faces = self._pictures.read().get((), (0, 0.0))
        single = {
            "expression_visitor_frames": self._server.visitors.frames,
            "expression_pictures": pictures,
            "expression_picture_faces": faces,
            "expression_records_begun": self._keeper.begun,
            "expression_workers_started": 1,
        }
        return {
            "expression_request_seconds": {**self._requests.read()},
            "expression_record_seconds": {
                **{(outcome,): (0, 0.0) for outcome in OUTCOMES},
                **self._keeper.ended.read(),
            },
            **{name: {(): (float(value),)} for name, value in single.items()},
        }

    def _gauges(self) -> dict[str, float]:
        server = self._server
        return {
            "expression_workers": 1,
            "expression_server_viewers": server.viewers,
            "expression_viewers_limit": server.settings.max_viewers,
            "expression_listeners": len(server.listeners),
            "expression_listeners_limit": server.settings.max_listeners,
            "expression_visitors": len(server.visitors),
            "expression_visitors_limit": server.visitors.limit,
            "expression_records": self._keeper.running,
        }

    def metrics(self, figures: Figures) -> Iterator[Metric]:
        """Figures of one process or in sum, as Prometheus' library wants them."""
        values = {**figures.counts, **figures.gauges}
        of_processes = {
            metric.name: Family(metric.documentation, ("worker",), "counter" if metric.type == "counter" else "gauge")
            for metric in self._process.collect()
        }
        for name, family in {**COUNTS, **GAUGES, **of_processes}.items():
            yield family.metric(name, values.get(name, {}))
