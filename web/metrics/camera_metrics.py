"""The metrics of the cameras, each for all processes that show it together."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from delivery.cameras import Camera
from web.metrics.aggregation import CameraCounts, Values
from web.metrics.families import Family

CAMERA = ("camera",)
STATUSES = ("idle", "starting", "live", "lost")
STATES = {
    "fps": ("expression_frames_per_second", "Annotated frames a second, over the last seconds"),
    "capture_fps": ("expression_capture_frames_per_second", "Frames a second from the source, over the last seconds"),
    "latency": ("expression_latency_seconds", "From the capture of the newest frame until its JPEG was ready"),
    "viewers": ("expression_viewers", "Viewers of a camera now, through whatever server"),
}
"""By key in a camera's state: the name and help of gauges that are passed on as they are."""
STATUS = Family("1 for the camera's status now", ("camera", "status"), "gauge")
FACES = Family("Faces in view now", CAMERA, "gauge")
COUNTS = {
    "expression_frames_captured": Family("Frames that the source gave", CAMERA),
    "expression_frames_analysed": Family("Frames analysed and drawn", CAMERA),
    "expression_source_failures": Family("Times that the source failed", CAMERA),
    "expression_frames_delivered": Family("Frames sent to all viewers", CAMERA),
    "expression_delivered_bytes": Family("Bytes sent to all viewers", CAMERA),
    "expression_frames_dropped": Family("Frames dropped, and why", ("camera", "reason")),
    "expression_stage_seconds": Family("Time of each stage, by frame", ("camera", "stage"), "summary"),
    "expression_delay_seconds": Family("From capture until the JPEG was ready", CAMERA, "histogram"),
}


def counts_of(camera: Camera) -> CameraCounts:
    """Return a camera's counters since its start, as far as this process knows."""
    counters, counts = camera.counters, camera.counts()
    single = {
        "expression_frames_captured": counters.captured,
        "expression_frames_analysed": counters.analysed,
        "expression_source_failures": counters.failures,
        "expression_frames_delivered": counts["frames"],
        "expression_delivered_bytes": counts["sent"],
    }
    several: dict[str, Values] = {
        "expression_frames_dropped": {(reason,): (count,) for reason, count in camera.dropped().items()},
        "expression_stage_seconds": {(stage,): numbers for stage, numbers in dict(counters.stages).items()},
        "expression_delay_seconds": {(): (*counters.delay.classes, counters.delay.total)},
    }
    return CameraCounts(counters.since, {**several, **{name: {(): (value,)} for name, value in single.items()}})


def count_metrics(cameras: dict[str, CameraCounts]) -> Iterator[Metric]:
    """Yield the counters of cameras by name."""
    for name, family in COUNTS.items():
        values = {
            (camera, *labels): numbers
            for camera, counted in cameras.items()
            for labels, numbers in counted.counts.get(name, {}).items()
        }
        yield family.metric(name, values)


def state_metrics(cameras: list[Camera]) -> Iterator[Metric]:
    """Yield the current state of cameras."""
    states = {camera.name: camera.state() for camera in cameras}
    for key, (name, words) in STATES.items():
        yield Family(words, CAMERA, "gauge").metric(
            name, {(camera,): (state[key],) for camera, state in states.items()}
        )
    statuses: Values = {
        (camera, status): (float(state["status"] == status),) for camera, state in states.items() for status in STATUSES
    }
    yield STATUS.metric("expression_camera_status", statuses)
    yield FACES.metric("expression_faces", {(camera,): (len(state["faces"]),) for camera, state in states.items()})
