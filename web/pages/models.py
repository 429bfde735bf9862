"""`/api/models`: the available weights bundles, read from their cards without loading a network."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify

from errors import BundleError
from inference.bundle import CARD, locate_bundle, read_card, spec_of
from web.cameras import the_server
from web.description.answers import Bundle, Bundles
from web.description.operations import Answer, operation

blueprint = Blueprint("models", __name__)


@blueprint.get("/api/models")
@operation("Server", {200: Answer("The bundles, by name", kind=Bundles)})
def models() -> Response:
    """The weights bundles beside the one in use: labels, input, size and measured figures."""
    used = locate_bundle(the_server().settings.weights)
    return jsonify(Bundles(models=bundles(used)))


def bundles(used: Path) -> list[Bundle]:
    """Return the bundle in use and those beside it, by name; folders without a readable card are skipped."""
    found = []
    for folder in sorted({used, *(card.parent for card in used.parent.glob(f"*/{CARD}"))}):
        try:
            found.append(_about(folder, read_card(folder), folder == used))
        except (BundleError, OSError):
            continue
    return found


def _about(folder: Path, card: dict[str, Any], in_use: bool) -> Bundle:
    spec = spec_of(card)
    files = {name: (folder / name).stat().st_size for name in card["files"] if (folder / name).is_file()}
    training = card.get("training")
    date = training.get("date") if isinstance(training, dict) else None
    return Bundle(
        name=str(card["name"]),
        in_use=in_use,
        labels=list(card["labels"]),
        input={"width": spec.width, "height": spec.height, "channels": spec.channels},
        tells_no_face="no_face" in card,
        bytes=sum(files.values()),
        files=files,
        figures=_figures(card.get("figures")),
        made=date if isinstance(date, str) else None,
    )


def _figures(figures: Any) -> dict[str, dict[str, dict[str, float]]]:
    """Return the plain numbers of a card, by runtime and split, without tables such as confusion matrices."""
    if not isinstance(figures, dict):
        return {}
    return {
        runtime: {
            split: {name: value for name, value in row.items() if isinstance(value, int | float)}
            for split, row in splits.items()
            if isinstance(row, dict)
        }
        for runtime, splits in figures.items()
        if isinstance(splits, dict)
    }
