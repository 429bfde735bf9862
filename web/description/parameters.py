"""The parameters that endpoints share, with the bounds that `view_query` and others check."""

from typing import Annotated, Literal

from msgspec import Meta

from delivery.view_options import Privacy
from web.description.operations import Parameter
from web.view_query import RATES, VIEWER_ID, WIDTHS

WIDTH = Annotated[int, Meta(ge=WIDTHS[0], le=WIDTHS[1])]
FPS = Annotated[float, Meta(ge=RATES[0], le=RATES[1])]
SHARE = Annotated[float, Meta(ge=0, le=1)]
SMOOTHING = Annotated[float, Meta(ge=0, le=10)]
NAME = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,32}$")]
SECRET = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{16}$")]
FLAG = Literal["0", "1"]

CAMERA = Parameter(
    "camera",
    Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{0,32}$")],
    "A camera's name; by default the first camera, or all",
)
VIEWER = Parameter(
    "viewer",
    Annotated[str, Meta(pattern=f"^{VIEWER_ID.pattern}$")],
    "A name that the page gave its stream; `/api/state` says by it whether the stream is being sent",
    "a1",
    repeated=True,
)
RATE = Parameter("fps", FPS, "Most frames a second; by default all of the camera's", 10)
SMOOTHED = Parameter(
    "smoothing", SMOOTHING, "Time constant of the probabilities in seconds; the nearest allowed one is used", 0.4
)
VIEW_OPTIONS = (
    Parameter("width", WIDTH, "Pixels to which pictures are reduced; never larger than the camera gives", 640),
    Parameter("bars", FLAG, "Whether the probabilities of all expressions are drawn beside each face", "1"),
    Parameter("privacy", Privacy, "What is done to faces; never less than the server's own setting", "blur"),
    Parameter("threshold", SHARE, "Probability below which an expression is unsure, rounded to 0.05", 0.35),
    SMOOTHED,
    Parameter("mirror", FLAG, "Whether the picture is mirrored; text stays readable", "1"),
)
"""The parameters that decide on the pixels of a picture."""
VIEW_QUERY = (RATE, *VIEW_OPTIONS)
CAMERAS = Parameter("camera", NAME, "Cameras by name; by default all", repeated=True)
WATCH = Parameter("watch", FLAG, "0 to receive events without opening a camera", "1")
REFUSED = {400: "A parameter is invalid", 404: "There is no such camera"}
STILL_THRESHOLD = Parameter("threshold", SHARE, "Probability below which an expression is unsure", 0.35)
DOWNLOAD = Parameter("download", str, "If given, the file is sent as a download with a name of its own", "1")

PATH = {
    "camera": Parameter("camera", NAME, "A camera's name", "camera"),
    "file": Parameter(
        "file",
        Literal["annotated.mp4", "result.json", "result.csv", "timeline.json"],
        "Which of the results",
        "result.json",
    ),
    "name": Parameter(
        "name",
        Annotated[str, Meta(pattern=r"^(video\.mp4|faces\.csv|record\.json|timeline\.json|moment-[0-9]{1,3}\.jpg)$")],
        "Which of the record's files",
        "faces.csv",
    ),
    "record_id": Parameter("record_id", SECRET, "A record's id, from the answer that began the record"),
    "job_id": Parameter("job_id", SECRET, "A video's id, from the answer to its upload"),
}
"""Path parameters by name."""
