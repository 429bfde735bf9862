"""docs/security.md names a test for each promise; here it is seen that there are such tests."""

import ast
import re

import pytest

from tests.support.servers.servers import ROOT

TOLD = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
LINES = TOLD.partition("## Exceptions")[0].splitlines()
GUARDED = """
access/test_grants.py access/test_sessions.py inference/test_weights.py media/sandbox/test_sandbox.py
media/videos/test_restrictions.py pages/test_browser.py repository/test_audit.py web/security/test_authorization.py
web/security/test_fuzz.py web/security/test_ids.py web/security/test_origin.py web/security/test_rates.py
web/security/test_streams.py web/security/test_upload_limits.py
"""
"""Files of tests that hold promises of security and nothing else."""
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


@pytest.mark.parametrize("file", GUARDED.split())
def test_every_file_of_security_tests_holds_a_promise_or_a_part_of_one(file):
    assert (ROOT / "tests" / file).exists()
    assert file in TOLD
