"""Imports go one way, as ARCHITECTURE.md lists the rooms."""

import ast
from graphlib import TopologicalSorter

import pytest

from tests.support.servers.servers import ROOT

DOCUMENT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
BLOCK = DOCUMENT.split("## Who may import whom")[1].split("\n\n")[2]
ROWS = {room.strip(): row for row, line in enumerate(BLOCK.strip().splitlines()) for room in line.split(",")}
APART = ("tests", "benchmarks", "scripts")
"""Folders that may import everything, and that nothing else imports."""


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def own_modules():
    paths = list(ROOT.glob("*.py"))
    for folder in ROOT.iterdir():
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in (*APART, "runs"):
            paths += folder.rglob("*.py")
    return {name_of(path): path for path in paths}


MODULES = own_modules()


def room_of(module):
    """The row's entry that a module belongs to: itself or the nearest package above it."""
    while module and module not in ROWS:
        module = module.rpartition(".")[0]
    return module


def imported(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= (inner & MODULES.keys()) or {node.module}
    return names


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_only_from_rows_below_its_own_room(module):
    own = room_of(module)
    assert own, f"{module} is in no room of ARCHITECTURE.md"
    for name in imported(MODULES[module]):
        assert name.split(".")[0] not in APART, f"{module} must not import {name}"
        if name in MODULES and room_of(name) != own:
            assert ROWS[room_of(name)] > ROWS[own], f"{module} imports {name}, which stands no lower in ARCHITECTURE.md"


def test_nothing_that_serves_imports_training():
    for module, path in MODULES.items():
        if not module.startswith("training"):
            assert not [name for name in imported(path) if name.split(".")[0] == "training"], module


def test_no_modules_import_each_other_in_a_circle():
    graph = {module: imported(path) & MODULES.keys() - {module} for module, path in MODULES.items()}
    assert list(TopologicalSorter(graph).static_order())


def test_every_room_is_told_of():
    for room in ROWS:
        folder = room.replace(".", "/")
        path = f"`{folder}/`" if (ROOT / folder).is_dir() else f"`{room}.py`"
        assert path in DOCUMENT or room == "gunicorn.conf", f"{path} is not in ARCHITECTURE.md"


def test_no_folder_is_crowded():
    """A newcomer reads the names in a folder at a glance; the commands of `benchmarks` are asked for by name."""
    counts = {}
    for path in MODULES.values():
        counts[path.parent] = counts.get(path.parent, 0) + (path.name != "__init__.py")
    assert {str(folder.relative_to(ROOT)): count for folder, count in counts.items() if count > 15} == {}
