"""The types of JSON answers: mypy checks them, and the OpenAPI document is generated from them.

Bounds and an example stand beside each member; the document's examples are composed of those.
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta

Probability = Annotated[float, Meta(ge=0, le=1, examples=[0.93])]
Seconds = Annotated[float, Meta(ge=0, examples=[0.4])]
Count = Annotated[int, Meta(ge=0, examples=[3])]
Epoch = Annotated[float, Meta(ge=0, description="Seconds since the UTC epoch", examples=[1767225600.0])]
Rate = Annotated[float, Meta(ge=0, examples=[29.9])]
Words = Annotated[str, Meta(examples=[""])]
Address = Annotated[str, Meta(pattern="^/", examples=["/video_feed/camera"])]
Label = Annotated[str, Meta(examples=["happy"])]
Labels = Annotated[
    list[str], Meta(examples=[["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]], min_length=2)
]
Probabilities = Annotated[
    dict[str, Probability],
    Meta(
        description="By label, in the order of the network's labels; they sum to 1",
        examples=[
            {
                "angry": 0.01,
                "disgust": 0.01,
                "fear": 0.01,
                "happy": 0.93,
                "sad": 0.01,
                "surprise": 0.01,
                "neutral": 0.02,
            }
        ],
    ),
]
Threshold = Annotated[float, Meta(ge=0, le=1, description="Probability below which a face is unsure", examples=[0.35])]


class Problem(TypedDict):
    """What went wrong, as in RFC 9457."""

    type: Annotated[str, Meta(examples=["about:blank"])]
    title: Annotated[str, Meta(examples=["Bad width"])]
    status: Annotated[int, Meta(ge=400, le=599, examples=[400])]
    detail: Annotated[
        str, Meta(examples=["width: got 'x', expected a whole number of pixels from 16 to 7680, such as width=640."])
    ]


class Rectangle(TypedDict):
    """A bounding box in pixels of the original picture, origin top left; it may reach over the edge."""

    x: Annotated[int, Meta(examples=[174])]
    y: Annotated[int, Meta(examples=[70])]
    width: Annotated[int, Meta(ge=1, examples=[105])]
    height: Annotated[int, Meta(ge=1, examples=[105])]


class FaceFound(TypedDict):
    """One face: its position and expression."""

    box: Rectangle
    track: Annotated[int | None, Meta(description="Number that stays with a face while it is tracked", examples=[1])]
    seconds: NotRequired[Annotated[float | None, Meta(description="How long it has been in view", examples=[12.4])]]
    detection: Annotated[float, Meta(ge=0, le=1, description="How sure the detector is of it", examples=[0.97])]
    angle: Annotated[float, Meta(ge=-180, le=180, description="Degrees that it is tilted clockwise", examples=[-4.5])]
    expression: Annotated[str | None, Meta(description="Null until it has been read", examples=["happy"])]
    confidence: Probability
    probabilities: Probabilities


class FaceOfPicture(FaceFound):
    """A face of an uploaded picture."""

    largest: Annotated[bool, Meta(description="Whether no other face is larger", examples=[True])]
    sure: Annotated[bool, Meta(description="Whether the confidence reaches the threshold", examples=[True])]


class PictureFaces(TypedDict):
    """The faces of one picture."""

    name: Annotated[str, Meta(description="As it was uploaded", max_length=100, examples=["me.jpg"])]
    kind: Literal["image"]
    width: Annotated[int, Meta(ge=1, description="Pixels, upright", examples=[512])]
    height: Annotated[int, Meta(ge=1, description="Pixels, upright", examples=[512])]
    labels: Labels
    faces: Annotated[list[FaceOfPicture], Meta(description="From left to right")]
    whole: Annotated[bool, Meta(description="Whether the picture was read as one face", examples=[False])]
    threshold: Threshold


class Model(TypedDict):
    """The network in use."""

    name: Annotated[str, Meta(examples=["ferplus"])]
    labels: Labels
    runtime: Annotated[str, Meta(description="litert or keras", examples=["litert"])]


Detector = Annotated[Literal["blazeface", "haar"], Meta(description="What finds the faces", examples=["blazeface"])]


class OwnCamera(TypedDict):
    """The greeting of a visitor's own camera: the network, and the limits of frames."""

    model: Model
    threshold: Threshold
    fps: Annotated[float, Meta(gt=0, description="Frames a second that are analysed", examples=[20.0])]
    largest_side: Annotated[int, Meta(ge=1, description="Pixels", examples=[1920])]
    largest_frame: Annotated[int, Meta(ge=1, description="Bytes of one JPEG", examples=[1_000_000])]


class NetworkInput(TypedDict):
    """The input of a network: one crop's pixels and colour channels."""

    width: Annotated[int, Meta(ge=1, examples=[48])]
    height: Annotated[int, Meta(ge=1, examples=[48])]
    channels: Annotated[int, Meta(ge=1, le=3, description="1 for grey, 3 for colour", examples=[1])]


class Bundle(TypedDict):
    """A weights bundle on the server's disk."""

    name: Annotated[str, Meta(examples=["ferplus"])]
    in_use: Annotated[bool, Meta(examples=[True])]
    labels: Labels
    input: NetworkInput
    tells_no_face: Annotated[bool, Meta(description="Whether it also recognises what is no face", examples=[True])]
    bytes: Annotated[int, Meta(ge=0, description="Of its files together", examples=[5_600_000])]
    files: Annotated[dict[str, Count], Meta(description="Bytes by file", examples=[{"model.tflite": 380_000}])]
    figures: Annotated[
        dict[str, Any],
        Meta(
            description="As measured when it was made: by runtime and split of the data",
            examples=[{"litert": {"validation": {"accuracy": 0.85}}}],
        ),
    ]
    made: Annotated[str | None, Meta(description="Date, if its card states it", examples=["2026-01-01"])]


class Bundles(TypedDict):
    """The available weights bundles; the setting `weights` chooses one."""

    models: list[Bundle]


class VideoJob(TypedDict):
    """An uploaded video, and its progress."""

    id: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{16}$", examples=["k3Jx0Zb1Qw9sTq2L"])]
    name: Annotated[str, Meta(max_length=100, examples=["clip.mp4"])]
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: Probability
    left: Annotated[float | None, Meta(description="Seconds remaining; null if unknown", examples=[12.5])]
    ahead: Annotated[int, Meta(ge=0, description="Videos that wait before it", examples=[0])]
    message: Words
    created: Epoch
    expires: Annotated[float | None, Meta(description="When its results are deleted, seconds since the UTC epoch")]
    results: Annotated[
        dict[str, str],
        Meta(description="Addresses by file, once it is done", examples=[{}]),
    ]


class Health(TypedDict):
    """The process is alive."""

    status: Literal["ok"]


class Ready(TypedDict):
    """A camera can be watched."""

    status: Literal["ready"]
    model: Annotated[str, Meta(examples=["ferplus"])]
    detector: Detector
