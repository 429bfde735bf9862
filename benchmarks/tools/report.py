"""Where benchmarks put their figures."""

import json
from pathlib import Path
from typing import Any


def write(name: str, figures: Any) -> None:
    """Write figures as JSON to results/benchmark-NAME.json, and say so."""
    path = Path("results") / f"benchmark-{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path}")
