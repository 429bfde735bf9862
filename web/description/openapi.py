"""The OpenAPI 3.1 document, generated from the routes, their docstrings and their `operation`."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from apispec import APISpec
from flask import Blueprint, Flask, Response, current_app, jsonify, render_template, request
from werkzeug.routing import Rule

from access.guard import Guard
from web.address_roles import PUBLIC, role_for
from web.cameras import the_server
from web.description.answers import Problem
from web.description.examples import example
from web.description.live_answers import Moment
from web.description.operations import BINARY, Answer, Body, Operation, Parameter, operation, operation_of
from web.description.parameters import PATH

blueprint = Blueprint("openapi", __name__)

REFERENCE = "#/components/schemas/{name}"
PROBLEM = "application/problem+json"
COMMON = {
    400: "A parameter is invalid, or the request is no valid HTTP",
    401: "The server requires a login, and the request has none",
    403: "The request comes from another site's page, or the client may not do this",
    414: "The address is too long",
    415: "The body is compressed",
    417: "`Expect` asks for something other than 100-continue",
    421: "`Host` is not a name of this server",
    429: "Too many requests at once, or too often",
    431: "A header is too long, or there are too many",
    503: "Not possible at the moment; the answer says why",
}
"""Errors that any address may return."""
RETRY = {"Retry-After": {"description": "Seconds after which to try again", "schema": {"type": "string"}}}
TAGS = {
    "Live": "The server's cameras: pictures, events and figures.",
    "Pictures": "Uploaded pictures: read in memory, answered, forgotten.",
    "Videos": "Uploaded videos: queued, analysed by a worker, kept for a while. Whoever knows an id may see the video.",
    "Records": "What a viewer saw, recorded while they watched.",
    "Server": "The server itself: its networks, its health, its figures.",
    "Access": "Who is asking and what they may do, if the server requires a login.",
}
DESCRIPTION = (
    "Live facial expressions: the server's cameras, pictures and videos. The network reads how a face looks, not what "
    "a person feels. Boxes are x, y, width, height in pixels of the original picture, origin top left; times are "
    "seconds, UTC epoch unless the name says otherwise; errors are problem JSON (RFC 9457)."
)


@blueprint.get("/openapi.json", endpoint="short")
@blueprint.get("/api/openapi.json")
@operation("Server", {200: Answer("The document")})
def openapi() -> Response:
    """This description of the API, OpenAPI 3.1."""
    return jsonify({**the_document(), "servers": [{"url": request.script_root or "/"}]})


@blueprint.get("/api/docs")
def docs() -> str:
    """A page for reading about every endpoint and trying it."""
    document = the_document()
    return render_template("api.html", document=document, groups=_groups(document))


def the_document() -> dict[str, Any]:
    """Return this application's document, made once, and again when access control is switched on or off."""
    guard: Guard = current_app.extensions["guard"]
    guarded = guard.on
    known: dict[bool, dict[str, Any]] = current_app.extensions.setdefault("openapi", {})
    if guarded not in known:
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        known[guarded] = document(app, next(iter(the_server().cameras), "camera"), guarded)
    return known[guarded]


def _groups(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the operations by tag, each with its path and method, in the document's order."""
    groups: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            groups[about["tags"][0]].append({"path": path, "method": method, **about})
    return {tag: operations for tag, operations in groups.items() if operations}


def document(app: Flask, camera: str = "camera", guarded: bool = False) -> dict[str, Any]:
    """Make the OpenAPI 3.1 document of an application.

    Args:
        app: the routes whose views have an `operation` are described.
        camera: a camera's name, for examples.
        guarded: whether the server requires a login.
    """
    described = list(_described(app))
    spec = APISpec(
        title="Facial Expressions Live",
        version="1.0.0",
        openapi_version="3.1.0",
        info={"description": DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}},
        tags=[{"name": name, "description": words} for name, words in TAGS.items()],
        servers=[{"url": "/"}],
    )
    kinds = sorted({kind for _, _, about in described for kind in _kinds(about)}, key=lambda kind: kind.__name__)
    _, schemas = msgspec.json.schema_components([Problem, Moment, *kinds], ref_template=REFERENCE)
    for name, schema in schemas.items():
        spec.components.schema(name, schema)
    if guarded:
        spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for rule, view, about in described:
        operation = _operation(rule, view, about, schemas, camera)
        if guarded and role_for(rule.rule) != PUBLIC:
            operation |= {"security": [{"token": []}], "x-role": role_for(rule.rule)}
        operations = dict.fromkeys(_methods(rule), operation)
        spec.path(path=re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule), operations=operations)
    return spec.to_dict()


def _described(app: Flask) -> Iterator[tuple[Rule, Callable[..., Any], Operation]]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        about = operation_of(view)
        if about is not None and not rule.websocket:
            yield rule, view, about


def _kinds(about: Operation) -> Iterator[Any]:
    yield from (answer.kind for answer in about.answers.values() if answer.kind is not None)
    if about.body is not None and about.body.json is not None:
        yield about.body.json


def _methods(rule: Rule) -> list[str]:
    return sorted(method.lower() for method in (rule.methods or set()) - {"HEAD", "OPTIONS"})


def _operation(
    rule: Rule, view: Callable[..., Any], about: Operation, schemas: dict[str, Any], camera: str
) -> dict[str, Any]:
    summary, _, further = " ".join((view.__doc__ or "").split("\n\n", 1)[0].split()).partition(". ")
    operation: dict[str, Any] = {
        "operationId": "_".join([rule.endpoint.replace(".", "_"), *sorted(rule.arguments)]),
        "tags": [about.tag],
        "summary": summary.rstrip("."),
        "responses": _responses(about, schemas),
    }
    description = " ".join(part for part in (further, *_paragraphs(view)) if part)
    if description:
        operation["description"] = description
    in_path = [_parameter(PATH[name], "path", camera) for name in sorted(rule.arguments)]
    query = [each for each in about.parameters if each.name not in rule.arguments]
    if in_path or query:
        operation["parameters"] = in_path + [_parameter(each, "query", camera) for each in query]
    if about.body is not None:
        operation["requestBody"] = _body(about.body, schemas)
    return operation


def _paragraphs(view: Callable[..., Any]) -> list[str]:
    return [" ".join(part.split()) for part in (view.__doc__ or "").split("\n\n")[1:]]


def _parameter(about: Parameter, place: str, camera: str) -> dict[str, Any]:
    schema = msgspec.json.schema(about.kind)
    given = camera if about.name == "camera" else about.example
    parameter: dict[str, Any] = {"name": about.name, "in": place, "description": about.words}
    parameter["schema"] = {"type": "array", "items": schema} if about.repeated else schema
    if about.repeated:
        given = None if given is None else [given]
    if given is not None:
        parameter["example"] = given
    return {**parameter, "required": True} if place == "path" or about.required else parameter


def _body(about: Body, schemas: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {media: {"schema": BINARY} for media in about.files}
    if about.fields:
        content["multipart/form-data"] = {"schema": _form(about)}
    if about.json is not None:
        content["application/json"] = _json(about.json, schemas)
    return {"description": about.words, "required": about.required, "content": content}


def _form(about: Body) -> dict[str, Any]:
    fields = {name: {**BINARY, "minLength": 1, "description": words} for name, words in about.fields.items()}
    needed: dict[str, Any] = {"required": [*fields]} if len(fields) == 1 else {"minProperties": 1}
    return {"type": "object", "properties": fields, "additionalProperties": False, **needed}


def _json(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(name=kind.__name__)}
    return {"schema": schema, "example": example(schema, schemas)}


def _responses(about: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    responses = {str(status): _answer(answer, schemas) for status, answer in about.answers.items()}
    for status, words in sorted({**COMMON, **about.problems}.items()):
        responses[str(status)] = {
            "description": words,
            "content": {PROBLEM: {"schema": {"$ref": REFERENCE.format(name="Problem")}}},
            **({"headers": RETRY} if status in (429, 503) else {}),
        }
    return responses


def _answer(answer: Answer, schemas: dict[str, Any]) -> dict[str, Any]:
    response: dict[str, Any] = {"description": answer.words}
    content = {media: {"schema": {} if media == "application/json" else BINARY} for media in answer.media}
    if answer.kind is not None:
        content[answer.media[0]] = _json(answer.kind, schemas)
    if content:
        response["content"] = content
    if answer.headers:
        response["headers"] = {
            name: {"description": words, "schema": {"type": "string"}} for name, words in answer.headers.items()
        }
    return response
