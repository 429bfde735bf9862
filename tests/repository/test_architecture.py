"""Imports go one way, as ARCHITECTURE.md lists them."""

import ast
from pathlib import Path

import pytest

from tests.support.servers.servers import ROOT

DOCUMENT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def layers() -> list[list[str]]:
    """The indented list under "Who may import whom", top row first."""
    block = DOCUMENT.split("## Who may import whom")[1].split("\n\n")[2]
    return [[name.strip() for name in row.split(",")] for row in block.strip().splitlines()]


def level(name: str) -> int | None:
    return next((row for row, names in enumerate(layers()) if name in names), None)


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


FOLDERS = (".", "web", "relay", "media", "recording", "tracking", "delivery", "drawing", "sources", "demo", "access")
SERVING = [path for folder in FOLDERS for path in ROOT.glob(f"{folder}/*.py")]


@pytest.mark.parametrize("path", SERVING, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_rows_below_its_own(path):
    own = path.parent.name if path.parent != ROOT else path.name.removesuffix(".py")
    row = level(own)
    assert row is not None, f"{own} is missing from ARCHITECTURE.md"
    for name in imported(path) - {own}:
        assert name not in ("training", "benchmarks", "tests"), f"{own} serves, and must not import {name}"
        other = level(name)
        assert other is None or other > row, f"{own} imports {name}, which stands no lower in ARCHITECTURE.md"


def test_every_module_is_told_of():
    for path in ROOT.glob("*.py"):
        assert f"`{path.name}`" in DOCUMENT or path.name == "gunicorn.conf.py", f"{path.name} is not in ARCHITECTURE.md"
