"""A visitor's own camera: its page, and the WebSocket that takes its frames and answers with faces."""

import errno
import json
import socket
import time
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from delivery.websocket import AWAY, FAILED, UNFIT, Closed, HandshakeError, WebSocket
from errors import BundleError, ImageError
from faces import EXPRESSIONS, Frame
from live.visitors import LARGEST_FRAME, LARGEST_SIDE, NoRoom, Visitor
from service.server import Server
from web.cameras import the_server
from web.description.answers import Model, OwnCamera
from web.description.operations import Answer, operation
from web.problems import described, not_ready, problem
from web.request_log import HEADER

blueprint = Blueprint("own", __name__)

ADDRESS = "/api/own-camera"
SILENCE = 10.0
"""Seconds after which a visitor who sends no whole frame is let go."""
TICK = 0.25
"""Seconds after which it is looked whether the server stops."""
EARLY = 0.8
"""Share of the time between two frames after which the next one is taken: lines jitter."""
PATIENCE = 30
"""Frames one after the other that are no picture, after which a visitor is let go."""


@blueprint.get("/camera")
def camera() -> str:
    """The page on which visitors see themselves."""
    return render_template("camera.html", labels=EXPRESSIONS)


@blueprint.get(ADDRESS)
@operation(
    "Live",
    {200: Answer("A WebSocket would be taken here, and would greet with this", kind=OwnCamera)},
    {503: "There is no room, or no network"},
)
def tell() -> Response:
    """Whether a WebSocket would be taken here, and the limits to what it takes; browsers do not tell their pages."""
    return _refusal() or jsonify(_greeting(the_server()))


@blueprint.route(ADDRESS, websocket=True)
def own_camera() -> Response:
    """JPEG frames in, one a message; for each a JSON message with its faces, before the next is taken."""
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
        told = f"{error}; expected a WebSocket of version 13."
        return problem(400, "Bad handshake", told, Sec_WebSocket_Version="13")
    return _Taken(the_server(), link)


def _refusal() -> Response | None:
    """Why this visitor is not let in; None where nothing speaks against it."""
    try:
        the_server().visitors.check()
        _ = the_server().model
    except NoRoom as full:
        return problem(503, "No room", str(full), Retry_After="5")
    except BundleError as error:
        return not_ready(error)
    return None


class _Taken(Response):
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
            self.close()  # it is over, and told of in the log
        # To gunicorn and Werkzeug alike this says that the client has left, and that nothing is to be written to it.
        raise BrokenPipeError(errno.EPIPE, "the WebSocket has ended")


def _serve(server: Server, link: WebSocket) -> None:
    try:
        visitor = server.visitors.enter()
    except NoRoom as full:  # the last place was taken meanwhile
        return link.close(UNFIT, str(full))
    try:
        link.send(json.dumps(_greeting(server)))
        _converse(server, link, visitor)
    except Closed:
        raise
    except Exception:
        link.close(FAILED, "internal error; the server's log has it")
        raise
    finally:
        server.visitors.leave(visitor)


def _greeting(server: Server) -> OwnCamera:
    chosen, model = server.settings, server.model
    return OwnCamera(
        model=Model(name=model.name, labels=list(model.labels), runtime=model.runtime),
        threshold=chosen.threshold,
        fps=chosen.visitor_fps,
        largest_side=LARGEST_SIDE,
        largest_frame=LARGEST_FRAME,
    )


def _converse(server: Server, link: WebSocket, visitor: Visitor) -> None:
    """Answer frame after frame, not faster than the setting has it, until either side ends it."""
    period, broken, heard = 1 / server.settings.visitor_fps, 0, time.monotonic()
    while not server.visitors.closing:
        try:
            message = link.receive(TICK)
        except TimeoutError:
            if time.monotonic() - heard > SILENCE:
                return link.close(AWAY, f"no frame came for {SILENCE:g} s")
            continue
        heard = time.monotonic()
        answer = _answer(visitor, message)
        link.send(json.dumps(answer))
        broken = broken + 1 if "status" in answer else 0
        if broken >= PATIENCE:
            return link.close(UNFIT, f"{PATIENCE} messages in turn held no picture")
        server.visitors.wait(heard + EARLY * period - time.monotonic())
    return link.close(AWAY, "the server is stopping")


def _answer(visitor: Visitor, message: bytes | str) -> dict[str, Any]:
    if isinstance(message, str):
        return described(422, "Not a frame", "a text message, expected a binary one that holds a whole JPEG")
    try:
        return _told(visitor.analyze(message))
    except ImageError as error:
        return described(422, "Not a frame", str(error))


def _told(frame: Frame) -> dict[str, Any]:
    height, width = frame.image.shape[:2]
    return {
        "frame": frame.number,
        "width": width,
        "height": height,
        "faces": [{**face.as_dict(), "fade": round(face.fade, 2)} for face in frame.faces],
        "timings": {stage: round(seconds, 5) for stage, seconds in frame.timings.items()},
    }
