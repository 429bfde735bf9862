"""The parameters that endpoints share, with the bounds that `wishes` and the rest hold them to."""

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
    "A camera's name; the first camera, or all, where none is given",
)
VIEWER = Parameter(
    "viewer",
    Annotated[str, Meta(pattern=f"^{VIEWER_ID.pattern}$")],
    "A name that the page gave its stream, by which `/api/state` tells whether it is being sent",
    "a1",
    repeated=True,
)
RATE = Parameter("fps", FPS, "Frames a second at most; all of the camera's where none is given", 10)
SMOOTHED = Parameter(
    "smoothing", SMOOTHING, "Time constant of the probabilities in seconds; the nearest that may be", 0.4
)
LOOK = (
    Parameter("width", WIDTH, "Pixels to which pictures are reduced; never larger than the camera gives", 640),
    Parameter("bars", FLAG, "Whether the probabilities of all expressions are drawn beside each face", "1"),
    Parameter("privacy", Privacy, "What is done to faces; never less than the server's own setting", "blur"),
    Parameter("threshold", SHARE, "Probability below which an expression is unsure, rounded to 0.05", 0.35),
    SMOOTHED,
    Parameter("mirror", FLAG, "Whether the picture is shown as in a mirror, with words that can be read", "1"),
)
"""What decides on the pixels of a picture."""
WISHED = (RATE, *LOOK)
CAMERAS = Parameter("camera", NAME, "Cameras by name; all where none is given", repeated=True)
WATCH = Parameter("watch", FLAG, "0 to listen only, where a camera is open anyway", "1")
REFUSED = {400: "A parameter that makes no sense", 404: "There is no such camera"}
STILL_THRESHOLD = Parameter("threshold", SHARE, "Probability below which an expression is unsure", 0.35)
DOWNLOAD = Parameter("download", str, "Where given, it comes as a file to be kept, with a name of its own", "1")

PATH = {
    "camera": Parameter("camera", NAME, "A camera's name", "camera"),
    "file": Parameter(
        "file",
        Literal["annotated.mp4", "result.json", "result.csv", "timeline.json"],
        "Which of its results",
        "result.json",
    ),
    "name": Parameter(
        "name",
        Annotated[str, Meta(pattern=r"^(video\.mp4|faces\.csv|record\.json|timeline\.json|moment-[0-9]{1,3}\.jpg)$")],
        "Which of a record's files",
        "faces.csv",
    ),
    "record_id": Parameter("record_id", SECRET, "A record's id, as it was answered when the record was begun"),
    "job_id": Parameter("job_id", SECRET, "A video's id, as it was answered when the video was handed in"),
}
"""What stands in addresses, by name."""
