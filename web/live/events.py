"""The cameras' events: faces, rates and status several times a second, as server-sent events."""

from flask import Blueprint, Response, request

from delivery.events import OPENING
from delivery.listeners import Topic
from delivery.viewers import Viewer
from service.server import Full
from web.cameras import chosen_cameras, the_server
from web.description.live_answers import StateEvent
from web.description.operations import Answer, operation
from web.description.parameters import CAMERAS, REFUSED, SMOOTHED, WATCH
from web.live.streams import headers_only, stream_response
from web.problems import problem
from web.view_query import smoothing, watches

blueprint = Blueprint("events", __name__)


@blueprint.get("/api/events")
@operation(
    "Live",
    {200: Answer("Endless events, each with a Moment as its data", ["text/event-stream"], StateEvent)},
    {**REFUSED, 503: "The most listeners are connected"},
    [CAMERAS, SMOOTHED, WATCH],
)
def events() -> Response:
    """An event `state` every quarter of a second, and at once when a camera's status changes."""
    server, seconds = the_server(), smoothing()
    topic = Topic(chosen_cameras(), server.settings.smoothing if seconds is None else seconds)
    if request.method == "HEAD":
        return headers_only("text/event-stream")
    try:
        listener = server.listen(topic, watches())
    except Full as full:
        return problem(503, "Too many listeners", str(full), Retry_After="5")
    leave = server.listeners.leave
    return stream_response(listener.hub, Viewer(), OPENING, "text/event-stream", lambda: leave(listener))
