"""Writes the benchmarks' figures."""

import json
from pathlib import Path
from typing import Any

RESULTS = Path("results")


def write(name: str, figures: Any) -> None:
    """Write figures to results/benchmark-NAME.json and say so."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"benchmark-{name}.json"
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path}")


def ratio(ours: float, theirs: float) -> float:
    """Return ours over theirs, to two decimals; NaN if theirs is zero."""
    return round(ours / theirs, 2) if theirs else float("nan")
