"""The metrics of one process for `/metrics`, and their help."""

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
        "Requests answered, and the seconds from their arrival to the end of the answer",
        ("method", "route", "status"),
        "summary",
    ),
    "expression_visitor_frames": Family("Frames of visitors' own cameras that were analysed"),
    "expression_pictures": Family("Uploaded pictures that were read"),
    "expression_picture_faces": Family("Faces found in uploaded pictures"),
    "expression_records_begun": Family("Records that were begun"),
    "expression_record_seconds": Family("Records that ended, by outcome, and their length", ("outcome",), "summary"),
    "expression_workers_started": Family("Processes that began to serve"),
}
GAUGES = {
    name: Family(words, kind="gauge")
    for name, words in {
        "expression_workers": "Processes that serve now",
        "expression_server_viewers": "Viewers to whom this server sends pictures now, of all cameras",
        "expression_viewers_limit": "Most viewers, each worker's limit added up",
        "expression_listeners": "Listeners to events now",
        "expression_listeners_limit": "Most listeners, each worker's limit added up",
        "expression_visitors": "Visitors who show their own camera now",
        "expression_visitors_limit": "Most visitors, each worker's limit added up",
        "expression_records": "Records being made now",
    }.items()
}


class WorkerFigures:
    """One process' metrics, read where they are kept. Building it starts nothing.

    Args:
        server: its viewers, listeners and visitors are counted.
        record_manager: of the records.
        requests: answered ones and their seconds, by method, route and status.
        pictures: pictures that were read and the faces in them, under no label.
    """

    def __init__(self, server: Server, record_manager: RecordManager, requests: Counts, pictures: Counts) -> None:
        self._server, self._records, self._requests, self._pictures = server, record_manager, requests, pictures
        self._process = ProcessCollector(registry=None)

    def read(self, worker: str) -> Figures:
        """Return all metrics; the processor time, memory and files of the process are labelled `worker`."""
        gauges: dict[str, Values] = {name: {(): (value,)} for name, value in self._gauges().items()}
        cameras = {camera.name: counts_of(camera) for camera in self._server.known_cameras()}
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
            "expression_records_begun": self._records.begun,
            "expression_workers_started": 1,
        }
        return {
            "expression_request_seconds": {**self._requests.read()},
            "expression_record_seconds": {
                **{(outcome,): (0, 0.0) for outcome in OUTCOMES},
                **self._records.ended.read(),
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
            "expression_records": self._records.running,
        }

    def metrics(self, figures: Figures) -> Iterator[Metric]:
        """Yield the metrics of one process, or of all together, as Prometheus' library takes them."""
        values = {**figures.counts, **figures.gauges}
        of_processes = {
            metric.name: Family(metric.documentation, ("worker",), "counter" if metric.type == "counter" else "gauge")
            for metric in self._process.collect()
        }
        for name, family in {**COUNTS, **GAUGES, **of_processes}.items():
            yield family.metric(name, values.get(name, {}))
