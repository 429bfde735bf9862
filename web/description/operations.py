"""What an endpoint takes and answers, written beside it for the OpenAPI document; nothing of it runs in a request."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

View = TypeVar("View", bound=Callable[..., Any])

Tag = Literal["Live", "Pictures", "Videos", "Records", "Server", "Access"]
BINARY: dict[str, Any] = {"type": "string", "format": "binary"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a request.

    `kind` is a type, with its bounds as `Annotated[..., Meta(...)]`; `words` say what it does.
    """

    name: str
    kind: Any
    words: str
    example: Any = None
    repeated: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """What a request may carry: `files` are media types of a file as the body, `fields` those of a form with files.

    At least one of the fields must be there. `json` is the type of a JSON body. `required` says whether there must be
    a body.
    """

    words: str
    files: Sequence[str] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: what it is, its media types, and the type of the first where it is JSON; `headers` by name."""

    words: str
    media: Sequence[str] = ("application/json",)
    kind: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


UNCHANGED = Answer("It is still what the client has", ())
CONDITIONS = {412: "It is another one than the client expects", 416: "There is no such part"}
"""Answers to a request for a file as it was once, or for a part of it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An endpoint: its answers by status, and its errors, which are problem JSON, by status with words."""

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
    """Note what a view takes and answers; to stand below its route, so that Flask keeps the very same function."""

    def note(view: View) -> View:
        view.operation = Operation(tag, answers, problems or {}, parameters, body)  # type: ignore[attr-defined]
        return view

    return note


def noted(view: Callable[..., Any]) -> Operation | None:
    """What was noted of a view; None where nothing was."""
    return getattr(view, "operation", None)
