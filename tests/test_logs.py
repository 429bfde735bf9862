import logging
import subprocess
import sys

from logs import LetGo
from tests.servers import ROOT


def record(error: BaseException) -> logging.LogRecord:
    try:
        raise error
    except type(error):
        return logging.LogRecord("x", logging.ERROR, "x.py", 1, "Socket error %s", ("here",), sys.exc_info())


def test_a_viewer_that_is_let_go_is_one_quiet_line():
    told = record(TimeoutError("timed out"))
    assert LetGo().filter(told)
    assert told.levelname == "INFO"
    assert logging.Formatter("%(message)s").format(told) == "a viewer who took nothing any more was let go"


def test_every_other_error_keeps_its_traceback():
    told = record(ValueError("odd"))
    assert LetGo().filter(told)
    assert told.levelname == "ERROR"
    assert "ValueError: odd" in logging.Formatter().format(told)


def test_lines_carry_time_level_and_module_from_the_level_asked_for():
    script = (
        "import logging, logs; logs.set_up('warning'); log = logging.getLogger('engine'); log.info('a'); log.error('b')"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30)
    (line,) = done.stderr.splitlines()
    assert line.endswith("ERROR engine: b")
