"""`/metrics`: the server's figures in Prometheus' text format, read from the same state as everything else."""

from collections.abc import Iterator

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
from engine import Engine
from server import Server
from web.cameras import the_server

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
def metrics() -> Response:
    """Counters since the start and gauges of now, by camera, with CPU, memory and open files of the process."""
    registry = CollectorRegistry()  # one of its own each time: it holds no figures, the server does
    registry.register(_Cameras(the_server()))
    ProcessCollector(registry=registry)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


class _Cameras(Collector):
    """Reads a server's cameras when asked to."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        """All families, each with a sample for every camera."""
        engines = list(self._server.engines.values())
        states = [engine.state() for engine in engines]
        yield GaugeMetricFamily("expression_viewers_limit", "Most viewers", value=self._server.settings.max_viewers)
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


def _counters(engines: list[Engine]) -> Iterator[Metric]:
    captured = CounterMetricFamily("expression_frames_captured", "Frames that the source gave", labels=["camera"])
    analysed = CounterMetricFamily("expression_frames_analysed", "Frames analysed and drawn", labels=["camera"])
    failures = CounterMetricFamily("expression_source_failures", "Times that the source failed", labels=["camera"])
    sent = CounterMetricFamily("expression_frames_delivered", "Frames sent to viewers, in sum", labels=["camera"])
    size = CounterMetricFamily("expression_delivered_bytes", "Bytes of them", labels=["camera"])
    dropped = CounterMetricFamily("expression_frames_dropped", "Frames left out, and why", labels=["camera", "reason"])
    for engine in engines:
        tally, counts, name = engine.tally, engine.viewers.counts(), [engine.name]
        captured.add_metric(name, tally.captured)
        analysed.add_metric(name, tally.analysed)
        failures.add_metric(name, tally.failures)
        sent.add_metric(name, counts["frames"])
        size.add_metric(name, counts["sent"])
        for reason, count in engine.dropped().items():
            dropped.add_metric([engine.name, reason], count)
    yield from (captured, analysed, failures, sent, size, dropped)


def _stages(engines: list[Engine]) -> Metric:
    family = SummaryMetricFamily("expression_stage_seconds", "Time of each stage, by frame", labels=["camera", "stage"])
    for engine in engines:
        for stage, (count, total) in dict(engine.tally.stages).items():
            family.add_metric([engine.name, stage], count_value=count, sum_value=total)
    return family


def _delays(engines: list[Engine]) -> Metric:
    words = "From capture until the JPEG was ready"
    family = HistogramMetricFamily("expression_delay_seconds", words, labels=["camera"])
    for engine in engines:
        delay, below, buckets = engine.tally.delay, 0, []
        for bound, count in zip([*map(str, DELAYS), "+Inf"], list(delay.classes), strict=True):
            below += count
            buckets.append((bound, below))
        family.add_metric([engine.name], buckets, sum_value=delay.total)
    return family
