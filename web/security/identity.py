"""The client's identity through the API; log-in and log-out for programs and other pages."""

from typing import Annotated, Literal, TypedDict

from flask import Blueprint, Response, jsonify, request
from msgspec import Meta, Struct

from access.connections import Identity
from access.limits import TooMany
from access.roles import OPERATE
from web.description.operations import Answer, Body, operation
from web.problems import problem
from web.security import cookies
from web.security.authorization import the_guard, the_identity
from web.security.bodies import json_body
from web.security.login import MAX_FORM, UNKNOWN

blueprint = Blueprint("identity", __name__)


class LogIn(Struct, forbid_unknown_fields=True):
    """A name and a password; or a token as the password, with any name or none."""

    password: Annotated[str, Meta(min_length=1, max_length=200, examples=["correct horse battery"])]
    name: Annotated[str, Meta(max_length=64, examples=["ben"])] = ""


class Access(TypedDict):
    """The client's identity, and its rights."""

    guarded: Annotated[bool, Meta(description="Whether the server requires a login", examples=[True])]
    name: Annotated[str | None, Meta(description="Null without access control or without a login", examples=["ben"])]
    role: Annotated[
        Literal["watch", "analyse", "operate"] | None,
        Meta(description="Each role includes the ones before; null for none", examples=["operate"]),
    ]
    by: Annotated[Literal["token", "session"] | None, Meta(description="The kind of login", examples=["session"])]
    until: Annotated[
        float | None,
        Meta(description="When the session ends by itself, seconds since the UTC epoch", examples=[1767225600.0]),
    ]


@blueprint.get("/api/access")
@operation("Access", {200: Answer("Who is asking", kind=Access)})
def who() -> Response:
    """Who is asking, what they may do, and until when; without access control, that everything is allowed."""
    return jsonify(_about(the_identity()))


@blueprint.post("/api/access/login")
@operation(
    "Access",
    {200: Answer("Who is logged in", kind=Access, headers={"Set-Cookie": "None without access control"})},
    {
        400: "The body is no such object",
        403: "The request comes from another site's page, or name and password are wrong",
        413: "The body is too large",
        415: "The body is no JSON",
    },
    body=Body("A name and a password, or a token as the password", json=LogIn),
)
def log_in() -> Response:
    """Log in and get a session cookie for a week. Programs need none: they send their token each time."""
    given = json_body(LogIn, MAX_FORM, '{"name": "ben", "password": "..."}')
    guard = the_guard()
    if not guard.on:
        return who()
    try:
        identity = guard.log_in(request.remote_addr or "", given.name, given.password)
    except TooMany as many:
        return problem(429, "Too many", str(many), Retry_After=str(many.wait))
    if identity is None:
        return problem(403, "Not known", UNKNOWN)
    value = cookies.create(identity)
    response = jsonify(_about(guard.by_cookie(value)))
    cookies.send(response, value)
    return response


@blueprint.post("/api/access/logout")
@operation("Access", {204: Answer("The session is over", ())}, {503: "The end of the session could not be stored"})
def log_out() -> Response:
    """End the session of the cookie that is sent, for every copy of it; a token stays valid until it is revoked."""
    stored = cookies.end_session()
    response = Response(status=204) if stored else problem(503, "Not kept", cookies.NOT_KEPT, Retry_After="30")
    cookies.delete(response)
    return response


def _about(identity: Identity | None) -> dict[str, object]:
    guarded = the_guard().on
    if identity is None:
        return {"guarded": guarded, "name": None, "role": None if guarded else OPERATE, "by": None, "until": None}
    session = identity.session
    by, until = ("session", session.until) if session else ("token", None)
    return {"guarded": guarded, "name": identity.name, "role": identity.role, "by": by, "until": until}
