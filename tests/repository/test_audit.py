"""What the repository promises of itself: its code, its packages, its word on how to report."""

import json
import re
import subprocess
import sys
import tomllib

import pytest

from tests.support.servers.servers import ROOT

SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
EXCEPTIONS = SECURITY.partition("## Exceptions")[2]
PAGES = ("SECURITY.md", "docs/security.md", "docs/threats.md")
NOSEC = re.compile(r"#\s*nosec\s+(B\d+)")


BANDIT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["bandit"]


def audited():
    """The files that bandit is to look at."""
    yield from ROOT.glob("*.py")
    for folder in ROOT.iterdir():
        if folder.is_dir() and folder.name not in BANDIT["exclude_dirs"]:
            yield from folder.rglob("*.py")


def test_bandit_finds_nothing_in_all_that_runs():
    command = [sys.executable, "-m", "bandit", "-q", "-r", ".", "-c", "pyproject.toml", "-f", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    report = json.loads(done.stdout)
    found = [
        f"{one['filename']}:{one['line_number']} {one['test_id']} {one['issue_text']}" for one in report["results"]
    ]
    assert (found, report["errors"], done.returncode) == ([], [], 0)
    seen = {name.removeprefix("./") for name in report["metrics"]}
    assert {"main.py", "web/security/authorization.py", "access/register.py", "media/sandbox/sandbox.py"} <= seen


def test_every_exception_from_the_audit_is_explained():
    found = [(path, NOSEC.findall(path.read_text(encoding="utf-8"))) for path in audited()]
    marked = {(str(path.relative_to(ROOT)), which) for path, all_of_it in found for which in all_of_it}
    explained = set(re.findall(r"\| `([^`]+)` \| (B\d+) \|", EXCEPTIONS))
    assert explained == marked | {("pyproject.toml", which) for which in BANDIT["skips"]}
    ignored = re.findall(r"--ignore-vuln[ =](\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert [one for one in ignored if one not in EXCEPTIONS] == []


def test_only_what_the_lock_files_name_is_installed():
    text = (ROOT / "scripts" / "setup.sh").read_text(encoding="utf-8")
    installs = [line for line in text.splitlines() if re.search(r"pip install\b", line)]
    assert installs
    assert all("--require-hashes" in line and line.rstrip().endswith('-r "$1"') for line in installs)
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "setup.sh" in image
    assert "pip install" not in image


@pytest.mark.parametrize("page", PAGES)
def test_what_is_said_of_security_leads_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []
    assert [
        one
        for one in re.findall(r"`((?:web|access|media|deploy|sources)/[\w./-]*)`", text)
        if not (ROOT / one).exists()
    ] == []


def test_who_finds_a_weakness_is_told_where_to_and_what_to_expect():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## To report something",
        "## What is supported",
        "## What is promised",
    ]
    assert {"docs/security.md", "docs/threats.md"} <= set(re.findall(r"\]\(([^)]+)\)", text))
