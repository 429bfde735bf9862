"""What an endpoint takes and returns, declared beside it for the OpenAPI document; requests do not use it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

View = TypeVar("View", bound=Callable[..., Any])

Tag = Literal["Live", "Pictures", "Videos", "Records", "Server", "Access"]
BINARY: dict[str, Any] = {"type": "string", "format": "binary"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a request.

    `kind` is a type, with its bounds as `Annotated[..., Meta(...)]`; `words` describe it.
    """

    name: str
    kind: Any
    words: str
    example: Any = None
    repeated: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request: `files` are media types of a file as the body, `fields` those of a form with files.

    At least one of the fields must be present. `json` is the type of a JSON body. `required` says whether there must
    be a body.
    """

    words: str
    files: Sequence[str] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its description, its media types, and the type of the first if it is JSON; `headers` by name."""

    words: str
    media: Sequence[str] = ("application/json",)
    kind: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


UNCHANGED = Answer("The client's copy is still current", ())
CONDITIONS = {412: "The file is not the one that the client expects", 416: "There is no such part"}
"""Answers to a conditional request, or to one for a part of a file."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An endpoint: its answers by status, and its errors, which are problem JSON, by status with a description."""

    tag: Tag
    answers: Mapping[int, Answer]
    problems: Mapping[int, str] = field(default_factory=dict)
    parameters: Sequence[Parameter] = ()
    body: Body | None = None


def operation(
    tag: Tag,
    answers: Mapping[int, Answer],
    problems: Mapping[int, str] | None = None,
    parameters: Sequence[Parameter] = (),
    body: Body | None = None,
) -> Callable[[View], View]:
    """Attach to a view what it takes and returns; place it below the route, so that Flask keeps the same function."""

    def attach(view: View) -> View:
        view.operation = Operation(tag, answers, problems or {}, parameters, body)  # type: ignore[attr-defined]
        return view

    return attach


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """Return what `operation` attached to a view; None if nothing."""
    return getattr(view, "operation", None)
