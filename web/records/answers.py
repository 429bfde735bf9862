"""The types of requests and answers about records; `web.description.answers` has the others."""

from typing import Annotated, Literal, TypedDict

from msgspec import UNSET, Meta, Struct, UnsetType

from delivery.view_options import Privacy
from web.description.answers import Address, Count, Epoch, Label, Labels, Probability, Seconds, Words
from web.description.parameters import NAME, SECRET, SHARE, SMOOTHING
from web.view_query import WIDTHS

Shares = Annotated[
    dict[str, Probability],
    Meta(
        description="By label, and `unsure`; they sum to 1, or there are none",
        examples=[{"happy": 0.62, "neutral": 0.3, "unsure": 0.08}],
    ),
]
Pixels = Annotated[float, Meta(ge=WIDTHS[0], le=WIDTHS[1], multiple_of=1, examples=[640])]
"""A whole number; JSON may also write it as 640.0."""
Size = Annotated[int, Meta(ge=0, examples=[1280])]


class RecordRequest(Struct, forbid_unknown_fields=True):
    """What to record, and its view options; the server's defaults for members that are left out."""

    camera: Annotated[NAME, Meta(examples=["camera"])] | UnsetType = UNSET
    width: Pixels | UnsetType = UNSET
    bars: bool | UnsetType = UNSET
    privacy: Annotated[Privacy, Meta(examples=["blur"])] | UnsetType = UNSET
    threshold: Annotated[SHARE, Meta(examples=[0.35])] | UnsetType = UNSET
    smoothing: Annotated[SMOOTHING, Meta(examples=[0.4])] | UnsetType = UNSET
    mirror: bool | UnsetType = UNSET


class RecordLook(TypedDict):
    """The view options of its pictures."""

    width: Annotated[int, Meta(ge=0, description="Pixels at most", examples=[1280])]
    bars: bool
    privacy: Privacy
    threshold: Probability
    smoothing: Seconds
    mirror: bool


class RecordTrack(TypedDict):
    """One face of a record."""

    track: Annotated[int | None, Meta(examples=[1])]
    since: Seconds
    until: Seconds
    in_view: Annotated[float, Meta(ge=0, description="Seconds in view", examples=[12.3])]
    shares: Shares


class RecordMoment(TypedDict):
    """When an expression was strongest."""

    expression: Label
    confidence: Probability
    seconds: Seconds
    track: Annotated[int | None, Meta(examples=[1])]
    file: Annotated[Address, Meta(description="Its picture")]


class RecordSummary(TypedDict):
    """The summary of a record."""

    ended: Epoch
    message: Words
    duration: Seconds
    frames: Count
    faces: Annotated[int, Meta(ge=0, description="Different faces, as far as they could be tracked", examples=[2])]
    most_faces: Annotated[int, Meta(ge=0, description="At once", examples=[2])]
    shares: Shares
    tracks: Annotated[list[RecordTrack], Meta(description="Those longest in view first, twenty at most")]
    moments: Annotated[list[RecordMoment], Meta(description="One for each expression that was seen, in their order")]
    width: Size
    height: Size


class RecordState(TypedDict):
    """A record, its progress, and the addresses of its files."""

    id: Annotated[SECRET, Meta(examples=["k3Jx0Zb1Qw9sTq2L"])]
    camera: Annotated[str, Meta(examples=["camera"])]
    status: Literal["recording", "finishing", "done"]
    started: Epoch
    limit: Annotated[float, Meta(ge=0, description="Seconds after which it ends by itself", examples=[3600.0])]
    labels: Labels
    look: RecordLook
    message: Annotated[str, Meta(description="Why it ended; empty if somebody stopped it", examples=[""])]
    duration: Seconds
    frames: Count
    faces: Count
    expires: Annotated[float | None, Meta(description="When it is deleted, seconds since the UTC epoch")]
    summary: Annotated[RecordSummary | None, Meta(description="Once it is done")]
    results: Annotated[dict[str, str], Meta(description="Addresses by file, once it is done", examples=[{}])]


class RecordStates(TypedDict):
    """The requested records, as far as they exist."""

    records: list[RecordState]
