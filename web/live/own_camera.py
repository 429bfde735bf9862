"""A visitor's own camera: its page, and the WebSocket that takes its frames and returns their faces.

One thread reads a frame, decodes it, answers, and only then reads the next: a client that does not wait for answers
fills the kernel's buffer and no more. Browsers hide from a page why a WebSocket was refused; the page asks the same
address by plain GET, which tells it.
"""

import errno
import json
import socket
import time
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from delivery.websocket import AWAY, FAILED, UNFIT, Closed, HandshakeError, WebSocket
from errors import BundleError, DetectorError, ImageError
from faces import EXPRESSIONS, Frame
from live.visitors import LARGEST_FRAME, LARGEST_SIDE, NoRoom, Visitor
from service.server import Server
from web.cameras import the_server
from web.description.answers import Model, OwnCamera
from web.description.operations import Answer, operation
from web.problems import not_ready, problem, problem_members
from web.request_log import HEADER

blueprint = Blueprint("own", __name__)

ADDRESS = "/api/own-camera"
IDLE_TIMEOUT = 10.0
"""Seconds without a whole frame after which a visitor is disconnected."""
TICK = 0.25
"""Seconds between checks whether the server stops."""
EARLY = 0.8
"""Share of the frame period after which the next frame is taken; connections jitter."""
MAX_BAD = 30
"""Consecutive frames that are no picture, after which a visitor is disconnected."""


@blueprint.get("/camera")
def camera() -> str:
    """The page on which visitors see themselves."""
    return render_template("camera.html", labels=EXPRESSIONS)


@blueprint.get(ADDRESS, endpoint="tell")
@operation(
    "Live",
    {200: Answer("A WebSocket would be accepted here, and greeted with this", kind=OwnCamera)},
    {503: "The most visitors are connected, or there is no network"},
)
def limits() -> Response:
    """Whether a WebSocket would be accepted here, and its limits; browsers do not tell their pages why one fails."""
    return _refusal() or jsonify(_greeting(the_server()))


@blueprint.route(ADDRESS, websocket=True)
def own_camera() -> Response:
    """Receive JPEG frames, one a message; send a JSON message with the faces of each before taking the next."""
    connection = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    if not isinstance(connection, socket.socket):
        return problem(501, "No WebSockets here", "This web server hands no connections over; use gunicorn's gthread.")
    refusal = _refusal()
    if refusal is not None:
        return refusal
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        link = WebSocket(connection, headers, LARGEST_FRAME)
    except HandshakeError as error:
        detail = f"{error}; expected a WebSocket of version 13."
        return problem(400, "Bad handshake", detail, Sec_WebSocket_Version="13")
    return _WebSocketResponse(the_server(), link)


def _refusal() -> Response | None:
    """Return why this visitor is refused; None if nothing is against it."""
    try:
        the_server().visitors.check()
        the_server().load()
    except NoRoom as full:
        return problem(503, "No room", str(full), Retry_After="5")
    except (BundleError, DetectorError) as error:
        return not_ready(error)
    return None


class _WebSocketResponse(Response):
    """Takes the connection over from the web server, and serves it until its end."""

    def __init__(self, server: Server, link: WebSocket) -> None:
        super().__init__(status=101)
        self._server = server
        self._link = link

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        try:
            self._link.accept({HEADER: self.headers[HEADER]})
            _serve(self._server, self._link)
        except Closed:
            pass
        finally:
            self.close()  # runs the request log
        # For gunicorn and Werkzeug this means that the client has left, so that they write nothing more to it.
        raise BrokenPipeError(errno.EPIPE, "the WebSocket has ended")


def _serve(server: Server, link: WebSocket) -> None:
    try:
        visitor = server.visitors.enter()
    except NoRoom as full:  # another visitor took the last place
        return link.close(UNFIT, str(full))
    try:
        link.send(json.dumps(_greeting(server)))
        _answer_frames(server, link, visitor)
    except Closed:
        raise
    except Exception:
        link.close(FAILED, "internal error; see the server's log")
        raise
    finally:
        server.visitors.leave(visitor)


def _greeting(server: Server) -> OwnCamera:
    settings, model = server.settings, server.model
    return OwnCamera(
        model=Model(name=model.name, labels=list(model.labels), runtime=model.runtime),
        threshold=settings.threshold,
        fps=settings.visitor_fps,
        largest_side=LARGEST_SIDE,
        largest_frame=LARGEST_FRAME,
    )


def _answer_frames(server: Server, link: WebSocket, visitor: Visitor) -> None:
    """Answer frame after frame, at most at the rate of the setting, until either side ends it."""
    period, bad, heard = 1 / server.settings.visitor_fps, 0, time.monotonic()
    while not server.visitors.closing:
        try:
            message = link.receive(TICK)
        except TimeoutError:
            if time.monotonic() - heard > IDLE_TIMEOUT:
                return link.close(AWAY, f"no frame came for {IDLE_TIMEOUT:g} s")
            continue
        heard = time.monotonic()
        answer = _answer(visitor, message)
        link.send(json.dumps(answer))
        bad = bad + 1 if "status" in answer else 0
        if bad >= MAX_BAD:
            return link.close(UNFIT, f"{MAX_BAD} messages in a row held no picture")
        server.visitors.wait(heard + EARLY * period - time.monotonic())
    return link.close(AWAY, "the server is stopping")


def _answer(visitor: Visitor, message: bytes | str) -> dict[str, Any]:
    if isinstance(message, str):
        return problem_members(422, "Not a frame", "a text message, expected a binary one that holds a whole JPEG")
    try:
        return _as_dict(visitor.analyze(message))
    except ImageError as error:
        return problem_members(422, "Not a frame", str(error))


def _as_dict(frame: Frame) -> dict[str, Any]:
    height, width = frame.image.shape[:2]
    return {
        "frame": frame.number,
        "width": width,
        "height": height,
        "faces": [{**face.as_dict(), "fade": round(face.fade, 2)} for face in frame.faces],
        "timings": {stage: round(seconds, 5) for stage, seconds in frame.timings.items()},
    }
