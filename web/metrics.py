"""`/metrics`: the server's figures in Prometheus' text format, read from the same state as everything else."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from delivery.tally import DELAYS
from errors import ExpressionError
from feeds import Feed
from media.jobs import Jobs
from media.uploads import free_bytes
from server import Server
from web.cameras import the_server
from web.journal import Counts, the_counts
from web.operations import Answer, operation
from web.videos import the_foreman

blueprint = Blueprint("metrics", __name__)

STATUSES = ("idle", "starting", "live", "lost")
GAUGES = {
    "fps": ("frames_per_second", "Annotated frames a second, over the last seconds"),
    "capture_fps": ("capture_frames_per_second", "Frames a second from the source, over the last seconds"),
    "latency": ("latency_seconds", "From the capture of the newest frame until its JPEG was ready"),
    "viewers": ("viewers", "Viewers of a camera now"),
}
"""By key in a camera's state: name and help of what is told as it is."""


@blueprint.get("/metrics")
@operation("Server", {200: Answer("The figures, as text", ["text/plain"])})
def metrics() -> Response:
    """Counters since the start and gauges of now, by camera, with CPU, memory and open files of the process."""
    registry = CollectorRegistry()  # one of its own each time: it holds no figures, the server does
    registry.register(_Cameras(the_server()))
    registry.register(_Process(the_server(), the_foreman().jobs, the_counts()))
    ProcessCollector(registry=registry)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


class _Process(Collector):
    """Reads what is one for all cameras."""

    def __init__(self, server: Server, jobs: Jobs, requests: Counts) -> None:
        self._server, self._jobs, self._requests = server, jobs, requests

    def collect(self) -> Iterator[Metric]:
        """The requests that were answered, the model, the videos that wait, and the room for them."""
        labels = ["method", "route", "status"]
        words = "Requests that were answered, and the time from their coming to the end of the answer"
        requests = SummaryMetricFamily("expression_request_seconds", words, labels=labels)
        for (method, route, status), (count, total) in self._requests.read().items():
            requests.add_metric([method, route, str(status)], count_value=count, sum_value=total)
        yield requests
        model = GaugeMetricFamily("expression_model", "1 for the model that is used", labels=["name", "runtime"])
        videos = GaugeMetricFamily("expression_videos", "Videos that wait or are read")
        with suppress(ExpressionError):  # what cannot be had is left out
            model.add_metric([self._server.model.name, self._server.model.runtime], 1)
        with suppress(ExpressionError):
            videos.add_metric([], self._jobs.unfinished())
        yield from (model, videos)
        free = free_bytes(Path(self._server.settings.storage))
        yield GaugeMetricFamily("expression_storage_free_bytes", "Room for files that are handed in", value=free)


class _Cameras(Collector):
    """Reads a server's cameras when asked to."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        """All families, each with a sample for every camera."""
        engines = list(self._server.engines.values())
        states = [engine.state() for engine in engines]
        yield GaugeMetricFamily("expression_viewers_limit", "Most viewers", value=self._server.settings.max_viewers)
        listeners, limit = len(self._server.listeners), self._server.settings.max_listeners
        yield GaugeMetricFamily("expression_listeners", "Listeners to events now", value=listeners)
        yield GaugeMetricFamily("expression_listeners_limit", "Most listeners", value=limit)
        visitors = self._server.visitors
        yield GaugeMetricFamily("expression_visitors", "Visitors who show their own camera now", value=len(visitors))
        words = "Frames of visitors' own cameras that were looked at"
        yield CounterMetricFamily("expression_visitor_frames", words, value=visitors.frames)
        for key, (name, words) in GAUGES.items():
            family = GaugeMetricFamily(f"expression_{name}", words, labels=["camera"])
            for state in states:
                family.add_metric([state["name"]], state[key])
            yield family
        yield _statuses(states)
        yield _faces(states)
        yield from _counters(engines)
        yield _stages(engines)
        yield _delays(engines)


def _statuses(states: list[dict[str, object]]) -> Metric:
    family = GaugeMetricFamily("expression_camera_status", "1 for the camera's status now", labels=["camera", "status"])
    for state in states:
        for status in STATUSES:
            family.add_metric([str(state["name"]), status], float(state["status"] == status))
    return family


def _faces(states: list[dict[str, object]]) -> Metric:
    family = GaugeMetricFamily("expression_faces", "Faces in view now", labels=["camera"])
    for state in states:
        faces = state["faces"]
        family.add_metric([str(state["name"])], len(faces) if isinstance(faces, list) else 0)
    return family


def _counters(engines: list[Feed]) -> Iterator[Metric]:
    captured = CounterMetricFamily("expression_frames_captured", "Frames that the source gave", labels=["camera"])
    analysed = CounterMetricFamily("expression_frames_analysed", "Frames analysed and drawn", labels=["camera"])
    failures = CounterMetricFamily("expression_source_failures", "Times that the source failed", labels=["camera"])
    sent = CounterMetricFamily("expression_frames_delivered", "Frames sent to viewers, in sum", labels=["camera"])
    size = CounterMetricFamily("expression_delivered_bytes", "Bytes of them", labels=["camera"])
    dropped = CounterMetricFamily("expression_frames_dropped", "Frames left out, and why", labels=["camera", "reason"])
    for engine in engines:
        tally, counts, name = engine.tally, engine.counts(), [engine.name]
        captured.add_metric(name, tally.captured)
        analysed.add_metric(name, tally.analysed)
        failures.add_metric(name, tally.failures)
        sent.add_metric(name, counts["frames"])
        size.add_metric(name, counts["sent"])
        for reason, count in engine.dropped().items():
            dropped.add_metric([engine.name, reason], count)
    yield from (captured, analysed, failures, sent, size, dropped)


def _stages(engines: list[Feed]) -> Metric:
    family = SummaryMetricFamily("expression_stage_seconds", "Time of each stage, by frame", labels=["camera", "stage"])
    for engine in engines:
        for stage, (count, total) in dict(engine.tally.stages).items():
            family.add_metric([engine.name, stage], count_value=count, sum_value=total)
    return family


def _delays(engines: list[Feed]) -> Metric:
    words = "From capture until the JPEG was ready"
    family = HistogramMetricFamily("expression_delay_seconds", words, labels=["camera"])
    for engine in engines:
        delay, below, buckets = engine.tally.delay, 0, []
        for bound, count in zip([*map(str, DELAYS), "+Inf"], list(delay.classes), strict=True):
            below += count
            buckets.append((bound, below))
        family.add_metric([engine.name], buckets, sum_value=delay.total)
    return family
