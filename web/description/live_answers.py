"""The types of JSON answers about the server and its cameras at this moment; `answers` has the others."""

from typing import Annotated, Literal, TypedDict

from msgspec import Meta

from web.description.answers import Address, Count, Detector, FaceFound, Model, Rate, Seconds, Threshold


class CameraAddress(TypedDict):
    """A camera and its addresses."""

    name: Annotated[str, Meta(examples=["camera"])]
    source: Annotated[str, Meta(examples=["demo"])]
    status: Literal["idle", "starting", "live", "lost"]
    viewers: Count
    video_feed: Address
    snapshot: Annotated[str, Meta(examples=["/snapshot/camera.jpg"])]
    state: Annotated[str, Meta(examples=["/api/state?camera=camera"])]


class Cameras(TypedDict):
    """The cameras, in their order."""

    cameras: list[CameraAddress]


class Delivered(TypedDict):
    """What was sent to all viewers of a camera."""

    fps: Rate
    bytes_per_second: Annotated[float, Meta(ge=0, examples=[1_200_000])]
    frames: Count
    bytes: Count


class CameraSeen(TypedDict):
    """The state of a camera, and the faces in its newest frame."""

    name: Annotated[str, Meta(examples=["camera"])]
    viewers: Count
    status: Literal["idle", "starting", "live", "lost"]
    message: Annotated[str, Meta(description="What is wrong; empty if nothing is", examples=[""])]
    width: Annotated[int, Meta(ge=0, examples=[1280])]
    height: Annotated[int, Meta(ge=0, examples=[720])]
    fps: Rate
    capture_fps: Rate
    frame: Count
    captured_at: Annotated[float, Meta(ge=0, description="When the frame was captured, seconds since the UTC epoch")]
    latency: Annotated[float, Meta(description="Seconds from capture until the JPEG was ready", examples=[0.012])]
    faces: list[FaceFound]


class CameraState(CameraSeen):
    """The same, and figures about its frames since it was opened."""

    source: Annotated[str, Meta(examples=["demo"])]
    timings: Annotated[dict[str, Seconds], Meta(description="Of the newest frame", examples=[{"encode": 0.002}])]
    delivered: Delivered
    dropped: Annotated[
        dict[str, Count], Meta(description="Frames dropped, by reason", examples=[{"overtaken": 0, "capped": 0}])
    ]
    failures: Count
    listeners: Annotated[int, Meta(ge=0, description="Listeners that keep it open without pictures", examples=[1])]
    stages: Annotated[dict[str, Seconds], Meta(description="Mean of each stage", examples=[{"encode": 0.002}])]


class CameraNow(CameraSeen):
    """The same at this moment, as events send it."""

    left: Annotated[list[str], Meta(description="By `?viewer=`, streams that ended within ten seconds", examples=[[]])]


class Moment(TypedDict):
    """The data of one event."""

    notice: Annotated[str, Meta(description="What viewers should know about the sources", examples=[""])]
    threshold: Threshold
    model: Annotated[Model | None, Meta(description="Null until it is first needed")]
    detector: Annotated[Detector | None, Meta(description="What finds the faces; null until it is first needed")]
    viewers: Count
    max_viewers: Annotated[int, Meta(ge=1, examples=[200])]
    cameras: list[CameraNow]


class StateEvent(TypedDict):
    """One server-sent event."""

    event: Literal["state"]
    id: Annotated[str, Meta(description="A running number", examples=["17"])]
    data: Annotated[
        str,
        Meta(
            description="A Moment as JSON, in one line",
            extra_json_schema={
                "contentMediaType": "application/json",
                "contentSchema": {"$ref": "#/components/schemas/Moment"},
            },
        ),
    ]


class OwnStream(TypedDict):
    """Whether the first stream given by `?viewer=` is being sent."""

    delivering: bool


class ServerState(TypedDict):
    """The state of one server at this moment."""

    notice: Annotated[str, Meta(description="What viewers should know about the sources", examples=[""])]
    threshold: Threshold
    model: Annotated[Model | None, Meta(description="Null until it is first needed")]
    detector: Annotated[Detector | None, Meta(description="What finds the faces; null until it is first needed")]
    viewers: Count
    max_viewers: Annotated[int, Meta(ge=1, examples=[200])]
    listeners: Annotated[int, Meta(ge=0, description="Listeners to events now", examples=[1])]
    max_listeners: Annotated[int, Meta(ge=1, examples=[200])]
    visitors: Annotated[int, Meta(ge=0, description="Visitors who show their own camera now", examples=[1])]
    memory: Annotated[int, Meta(ge=0, description="Resident bytes", examples=[190_000_000])]
    uptime: Annotated[float, Meta(ge=0, description="Seconds", examples=[3600.0])]
    viewer: OwnStream | None
    connections: Annotated[
        dict[str, bool], Meta(description="By `?viewer=`, whether its stream is being sent", examples=[{"a1": True}])
    ]
    cameras: list[CameraState]
