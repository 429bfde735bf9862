"""docs/security.md names a test for each promise; here it is seen that there are such tests."""

import ast
import re

import pytest

from tests.support.servers.servers import ROOT

TOLD = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
LINES = TOLD.partition("## Exceptions")[0].splitlines()
GUARDED = ("access",)
"""Folders of tests that hold promises of security and nothing else."""
ROWS = [line.strip("| ").split(" | ") for line in LINES if line.startswith("| ") and "::" in line]


def named_in(file):
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("promise", "tests"), ROWS, ids=[row[0][:60] for row in ROWS])
def test_each_promise_has_its_test(promise, tests):
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", tests)
    assert named, f"no test holds: {promise}"
    for file, name in named:
        assert name in named_in(file), f"{file} has no {name}"


def test_no_promise_is_without_a_test():
    promises = [line for line in LINES if line.startswith("| ") and not line.startswith(("| **", "| promise"))]
    assert len(promises) == len(ROWS)
    assert len(ROWS) > 30


def test_every_test_of_security_holds_a_promise_or_a_part_of_one():
    files = [path.relative_to(ROOT / "tests") for room in GUARDED for path in (ROOT / "tests" / room).glob("test_*.py")]
    assert len(files) > 1
    assert [str(file) for file in files if str(file) not in TOLD] == []
