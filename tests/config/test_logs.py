import logging
import os
import subprocess
import sys
import threading

from config.logs import DisconnectFilter, configure_handler
from tests.support.servers.servers import ROOT


def record(error: BaseException) -> logging.LogRecord:
    try:
        raise error
    except type(error):
        return logging.LogRecord("x", logging.ERROR, "x.py", 1, "Socket error %s", ("here",), sys.exc_info())


def test_a_viewer_that_is_let_go_is_one_quiet_line():
    entry = record(TimeoutError("timed out"))
    assert DisconnectFilter().filter(entry)
    assert entry.levelname == "INFO"
    assert logging.Formatter("%(message)s").format(entry) == "a viewer who took nothing any more was let go"


def test_every_other_error_keeps_its_traceback():
    entry = record(ValueError("odd"))
    assert DisconnectFilter().filter(entry)
    assert entry.levelname == "ERROR"
    assert "ValueError: odd" in logging.Formatter().format(entry)


def test_lines_carry_time_level_and_module_from_the_level_asked_for():
    script = (
        "import logging; from config import logs; logs.set_up('warning'); "
        "log = logging.getLogger('engine'); log.info('a'); log.error('b')"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30)
    (line,) = done.stderr.splitlines()
    assert line.endswith("ERROR engine: b")


def test_a_log_that_nobody_reads_keeps_nobody_waiting_and_says_what_was_lost():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as reader, os.fdopen(writing, "w") as writer:
        handler = logging.StreamHandler(writer)
        configure_handler(handler, "text")
        log = logging.Logger("web")
        log.addHandler(handler)

        def fill():
            for number in range(3000):  # 300 kB, where a pipe holds 64
                log.error("%05d %s", number, "x" * 80)

        filling = threading.Thread(target=fill, daemon=True)
        filling.start()
        filling.join(30)
        assert not filling.is_alive(), "it waits for who does not read"
        held = reader.read(1 << 20)
        log.error("read again")
        last = reader.read(1 << 20)
    lines = (held + last).decode().splitlines()
    lost, again = lines[-2:]
    numbers = [int(line.split()[-2]) for line in lines[:-2] if line.endswith("x" * 80)]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 300
    assert lost == f"{3000 - len(numbers)} lines of the log were lost, since nothing took them"
    assert again.endswith("ERROR web: read again")
