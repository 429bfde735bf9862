"""Mutation testing: small faults are put into a copy of the program one at a time, and its tests should notice each.

The faults are those of mutmut's operators (a comparison turned, plus for minus, a number moved, an argument or a value
replaced by None), and `return None` in place of what a function returns. Left alone are words: strings, log calls and
what is raised; so are annotations, and constants outside functions, which are mostly bounds that are arbitrary.

A module's faults are tried with its own test file; where that is missing, or starts servers, browsers or TensorFlow,
first with the quick ones that import the module. Each try is a fork of a process that has loaded the large libraries.
"""

import argparse
import ast
import difflib
import importlib
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import libcst as cst
import libcst.matchers as m
import pytest
from mutmut.mutation import file_mutation, mutators

ROOT = Path(__file__).resolve().parent.parent
LARGE = ("cv2", "PIL.Image", "flask", "msgspec", "av", "ai_edge_litert.interpreter", "skimage.data")
SLOW = (
    *("tensorflow", "keras", "playwright", "training", "benchmarks", "main"),
    *("tests.support.servers", "tests.support.clients"),
)
"""What a test file imports that takes more than its own functions' time."""
QUICK = "tests.support.servers.grants"
"""What is among that and only writes a file."""
LOG = "mutate.log"
START_LIMIT = 600.0
"""Seconds for the tests of a module without a fault."""
SPARE = 10.0
"""Seconds that a try may take beyond three times those of the tests without a fault; then it hangs."""


def _emptied(node: cst.Return) -> Iterator[cst.Return]:
    if node.value is not None and not m.matches(node.value, m.Name("None")):
        yield node.with_changes(value=cst.Name("None"), whitespace_after_return=cst.SimpleWhitespace(" "))


OPERATORS = [pair for pair in mutators.mutation_operators if pair[0] is not cst.BaseString] + [(cst.Return, _emptied)]


def faults(code: str, most: int, seed: str) -> list[str]:
    """The module's code with one fault each, drawn at random."""
    module, mutations, _, _ = file_mutation.create_mutations("", code)
    inside = [each for each in mutations if isinstance(each.contained_by_top_level_function, cst.FunctionDef)]
    chosen = random.Random(seed).sample(inside, min(most, len(inside)))
    faulty = [module.deep_replace(each.original_node, each.mutated_node) for each in chosen]
    return [each.code for each in faulty if isinstance(each, cst.Module)]


def imported(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it, by their full names."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def tests_of(path: Path) -> list[str]:
    """The test files that a module's faults are tried with: its own, at the same place below tests, if they are quick.

    Its own are `test_NAME.py` and `test_NAME_*.py`, but for those that belong to a module of that longer name. Else the
    quick ones that import it, then its own; else the slow ones that do; else those of the modules that do.
    """
    tests = {test: imported(test) for test in sorted(Path("tests").rglob("test_*.py"))}
    own = [test for test in tests if _is_own(test, path)]
    users = [test for test, names in tests.items() if _name(path) in names and test not in own]
    quick = [test for test in users if _is_quick(tests[test])]
    if own:
        return [str(test) for test in ([] if all(_is_quick(tests[test]) for test in own) else quick) + own]
    if users:
        return list(map(str, quick or users))
    importers = [other for other in modules([]) if _name(path) in imported(other)]
    return sorted({test for other in importers for test in tests_of(other)})


def _is_own(test: Path, path: Path) -> bool:
    if test.parent != Path("tests") / path.parent or not f"{test.stem}_".startswith(f"test_{path.stem}_"):
        return False
    longer = [other.stem for other in path.parent.glob(f"{path.stem}_*.py")]
    return not any(f"{test.stem}_".startswith(f"test_{stem}_") for stem in longer)


def _is_quick(imports: set[str]) -> bool:
    return not any(name.startswith(SLOW) and not name.startswith(QUICK) for name in imports)


def _name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts)


def _run(tests: list[str]) -> None:
    os.setsid()
    with open(LOG, "wb") as log:
        for descriptor in (1, 2):
            os.dup2(log.fileno(), descriptor)
    os._exit(pytest.main(["-x", "-p", "no:cacheprovider", "-p", "pytest_timeout", *tests]))


def passed(tests: list[str], limit: float) -> bool:
    """Whether the tests pass in a process of their own; not where they hang."""
    process = multiprocessing.get_context("fork").Process(target=_run, args=(tests,))
    process.start()
    try:
        process.join(limit)
    finally:  # also where this one is interrupted
        if process.pid and process.is_alive():
            os.killpg(process.pid, signal.SIGKILL)
            process.join()
    return process.exitcode == 0


def difference(path: Path, code: str, faulty: str) -> str:
    """What a fault changes, as path:line and the lines before and after."""
    lines = list(difflib.unified_diff(code.splitlines(), faulty.splitlines(), n=0, lineterm=""))[2:]
    where = lines[0].split()[1].lstrip("-").split(",")[0]
    return "\n    ".join([f"{path}:{where}", *(line for line in lines if not line.startswith("@@"))])


def try_out(path: Path, most: int, seed: str) -> tuple[int, list[str]]:
    """How many faults of a module were tried, and those that were not noticed."""
    code, tests = path.read_text(encoding="utf-8"), tests_of(path)
    drawn = faults(code, most, f"{seed} {path.name}") if tests else []
    start = time.monotonic()
    if drawn and not passed(tests, START_LIMIT):
        sys.exit(f"mutate: {path}: {' '.join(tests)} must pass without a fault\n{Path(LOG).read_text()}")
    limit, missed = 3 * (time.monotonic() - start) + SPARE, []
    for number, faulty in enumerate(drawn):
        path.write_text(faulty, encoding="utf-8")
        os.utime(path, (number, number))  # Python keeps what it has compiled for a time and a size
        if passed(tests, limit):
            missed.append(difference(path, code, faulty))
            print(missed[-1], file=sys.stderr, flush=True)
    path.write_text(code, encoding="utf-8")
    return len(drawn), missed


def modules(wanted: list[str]) -> list[Path]:
    """Those that pyproject.toml lists, or of them those that are named or lie in a folder that is."""
    known: list[Path] = []
    for path in map(Path, tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]["source_paths"]):
        if not path.exists():
            sys.exit(f"mutate: pyproject.toml lists {path}, which is not there; name the modules and folders that are")
        known += [path] if path.is_file() else sorted(path.rglob("[!_]*.py"))
    chosen = [path for path in known if not wanted or {str(path), *path.with_suffix("").parts} & {*wanted}]
    return chosen or sys.exit(f"mutate: none of {', '.join(wanted)} is listed in pyproject.toml")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make mutate", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--modules", nargs="+", default=[], help="modules or folders, as tracking or media/timeline.py")
    parser.add_argument("--most", type=int, default=10, help="faults of each module, drawn at random (%(default)s)")
    parser.add_argument("--seed", default="1", help="another one draws others (%(default)s)")
    options = parser.parse_args()
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    with tempfile.TemporaryDirectory(prefix="mutate-") as copy:
        for name in filter(lambda name: (ROOT / name).is_file(), listed.stdout.decode().splitlines()):
            (Path(copy) / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, Path(copy) / name)
        vars(file_mutation)["mutation_operators"] = OPERATORS
        os.chdir(copy)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        sys.path[0] = copy
        for library in LARGE:
            importlib.import_module(library)
        print(f"{'module':<28}{'changes':>8}{'noticed':>8}{'share':>7}")
        tries = []
        for path in modules(options.modules):
            tries.append(try_out(path, options.most, options.seed))
            _print_row(str(path), tries[-1:])
        _print_row("all", tries)


def _print_row(name: str, tries: list[tuple[int, list[str]]]) -> None:
    changes, missed = sum(count for count, _ in tries), sum(len(missed) for _, missed in tries)
    share = f"{(changes - missed) / changes:.0%}" if changes else "-"
    print(f"{name:<28}{changes:>8}{changes - missed:>8}{share:>7}", flush=True)


if __name__ == "__main__":
    main()
