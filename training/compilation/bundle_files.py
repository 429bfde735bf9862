"""Writes a weights bundle: the network, its weights, and the card with their checksums."""

import json
from pathlib import Path
from typing import Any

import keras

from inference.bundle import ARCHITECTURE, CARD, WEIGHTS, sha256


def write_network(folder: Path, network: keras.Model) -> dict[str, str]:
    """Write model.json and model.weights.h5; return their SHA-256 by name.

    The network must not be compiled, or its optimizer would be stored as well.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ARCHITECTURE).write_text(json.dumps(json.loads(network.to_json()), indent=1) + "\n", encoding="utf-8")
    network.save_weights(folder / WEIGHTS)
    return {name: sha256(folder / name) for name in (ARCHITECTURE, WEIGHTS)}


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write card.json atomically."""
    part = folder / f"part.{CARD}"
    part.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(folder / CARD)
