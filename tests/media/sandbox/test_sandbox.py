"""Pictures from others are decoded where they can do no harm."""

import errno
import io
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from errors import ImageError
from media.limits.admission import Overloaded
from media.sandbox.decoder import HEADER
from media.sandbox.decoding import FORMATS, read_picture
from media.sandbox.sandbox import MEMORY, Sandbox
from tests.support.clients.bombs import deep, many_scans
from tests.support.servers.servers import ROOT

LIMIT = 50_000_000
ODD = b"5", b"[]", b"{}", b"null", b'{"shape": 1}', b'{"shape": [1e999, 1]}', b'{"shape": [null, 1]}', b"[" * 3000
"""Answers that are JSON, but not what was expected."""
CONFINED = """
import os, socket, sys
from media.sandbox import decoder
decoder.confine(200_000_000)
def blocked(act):
    try:
        act()
    except (OSError, MemoryError) as error:
        return type(error).__name__
    return "done"
print(*(blocked(act) for act in (
    lambda: open("/etc/passwd"),
    lambda: open("/tmp/left-behind", "w"),
    lambda: socket.socket(),
    lambda: os.pipe(),
    lambda: os.memfd_create("more"),
    lambda: __import__("subprocess").run(["true"]),
    lambda: bytearray(300_000_000),
)), flush=True)
"""


def encoded(form="PNG", size=(60, 40), mode="RGB"):
    made = io.BytesIO()
    image = Pillow.fromarray(np.random.default_rng(1).integers(0, 255, (*size[::-1], 3), np.uint8)).convert(mode)
    image.save(made, form)
    return made.getvalue()


@pytest.fixture
def sandbox():
    sandbox = Sandbox(2)
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def warm():
    sandbox = Sandbox(2)
    yield sandbox
    sandbox.close()


def pid_of(sandbox):
    return sandbox._idle[-1]._process.pid


@pytest.mark.parametrize("form", FORMATS)
def test_it_reads_what_is_read_without_it(warm, form):
    data = encoded(form)
    assert np.array_equal(warm.read_picture(data, "a", LIMIT), read_picture(data))


@pytest.mark.parametrize(
    ("data", "limit"), [(b"", LIMIT), (b"no picture", LIMIT), (encoded()[:-40], LIMIT), (encoded(), 100)]
)
def test_it_says_the_same_of_what_cannot_be_read_and_goes_on(warm, data, limit):
    warm.read_picture(encoded(), "a", LIMIT)
    before = pid_of(warm)
    with pytest.raises(ImageError) as ours:
        warm.read_picture(data, "holiday.png", limit)
    with pytest.raises(ImageError) as plain:
        read_picture(data, "holiday.png", limit)
    assert str(ours.value) == str(plain.value)
    assert pid_of(warm) == before


def test_a_picture_larger_than_the_one_before_comes_whole_and_a_smaller_one_too(warm):
    for size in ((60, 40), (900, 700), (3, 5), (4000, 3000)):
        assert warm.read_picture(encoded("BMP", size), "a", LIMIT).shape == (*size[::-1], 3)


def test_one_that_takes_too_long_is_given_up():
    sandbox, data = Sandbox(1, seconds=1), many_scans()
    assert len(data) < 1_000_000
    with pytest.raises(ImageError, match="bomb: reading it takes too long"):
        sandbox.read_picture(data, "bomb", LIMIT)
    sandbox._limits = MEMORY, 30  # for a busy machine: the next process has to start first
    assert sandbox.read_picture(encoded(), "a", LIMIT).shape == (40, 60, 3)
    sandbox.close()


def test_one_that_takes_too_much_memory_is_refused_without_any_harm():
    sandbox = Sandbox(1, memory=150_000_000)
    with pytest.raises(ImageError, match="bomb: reading it takes too much memory"):
        sandbox.read_picture(deep(5000), "bomb", LIMIT)
    assert sandbox.read_picture(encoded(), "a", LIMIT).shape == (40, 60, 3)
    sandbox.close()


def test_what_a_picture_took_over_can_open_connect_and_start_nothing():
    done = subprocess.run(
        [sys.executable, "-c", CONFINED], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["OSError"] * 6 + ["MemoryError"], done.stderr


def test_it_knows_no_secret(sandbox, monkeypatch):
    monkeypatch.setenv("EXPRESSION_QUEUE", "redis://:password@host")
    sandbox.read_picture(encoded(), "a", LIMIT)
    environment = Path(f"/proc/{pid_of(sandbox)}/environ").read_bytes()
    assert b"EXPRESSION" not in environment
    assert b"password" not in environment


def test_a_decoder_that_died_is_replaced(sandbox):
    sandbox.read_picture(encoded(), "a", LIMIT)
    first = pid_of(sandbox)
    os.kill(first, signal.SIGKILL)
    sandbox._idle[-1]._process.wait(30)
    assert sandbox.read_picture(encoded(), "a", LIMIT).shape == (40, 60, 3)
    assert pid_of(sandbox) != first


def test_one_that_breaks_the_decoder_is_told_and_costs_nobody_else_anything(sandbox, monkeypatch):
    sandbox.read_picture(encoded(), "a", LIMIT)
    decoder, pid = sandbox._idle[-1], pid_of(sandbox)
    answer = decoder._receive

    def killed_first(*given):
        os.kill(pid, signal.SIGKILL)
        return answer(*given)

    os.kill(pid, signal.SIGSTOP)  # so that it is surely at it when it dies
    monkeypatch.setattr(decoder, "_receive", killed_first)
    with pytest.raises(ImageError, match="bad: it breaks the decoder"):
        sandbox.read_picture(encoded(), "bad", LIMIT)
    assert sandbox.read_picture(encoded(), "a", LIMIT).shape == (40, 60, 3)


@pytest.mark.parametrize(
    "answer",
    [
        HEADER.pack(4_000_000_000),
        HEADER.pack(2) + b"no",
        HEADER.pack(19) + b'{"shape": [0, 100]}',
        HEADER.pack(27) + b'{"shape": [100000, 100000]}',
        HEADER.pack(21) + b'{"shape": [400, 400]}',  # but the memory holds less
        *(HEADER.pack(len(odd)) + odd for odd in ODD),
    ],
)
def test_a_decoder_that_lies_is_ended(sandbox, answer):
    sandbox.read_picture(encoded(), "a", LIMIT)
    decoder = sandbox._idle[-1]
    decoder._link.close()
    decoder._link, theirs = socket.socketpair()
    theirs.sendall(answer)
    with pytest.raises(ImageError, match="bad: it breaks the decoder"):
        sandbox.read_picture(encoded(), "bad", LIMIT)
    assert not decoder.is_alive()
    theirs.close()


def held():
    return len(os.listdir("/proc/self/fd"))


def test_where_no_process_can_be_started_it_is_busy_and_keeps_nothing_open(sandbox, monkeypatch):
    def no_room(*_, **__):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    before = held()
    with monkeypatch.context() as starting:
        starting.setattr(subprocess, "Popen", no_room)
        for _ in range(3):
            with pytest.raises(Overloaded, match=r"can be started \(Resource temporarily unavailable\)"):
                sandbox.read_picture(encoded(), "a", LIMIT)
    assert held() == before
    assert sandbox.read_picture(encoded(), "a", LIMIT).shape == (40, 60, 3)


def test_nothing_is_left_of_it():
    before = held()
    sandbox = Sandbox(2)
    for _ in range(3):
        sandbox.read_picture(encoded(), "a", LIMIT)
    decoders = [decoder._process.pid for decoder in sandbox._idle]
    del sandbox
    assert held() == before
    assert not any(Path(f"/proc/{pid}").exists() for pid in decoders)


def test_it_ends_with_its_server_even_with_a_killed_one():
    program = "import sys; from media.sandbox.sandbox import Sandbox; s = Sandbox();"
    program += f"s.read_picture({encoded()!r}, 'a', {LIMIT}); print(s._idle[-1]._process.pid, flush=True);"
    program += "sys.stdin.read()"
    server = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with server:
        decoder = os.pidfd_open(int(server.stdout.readline()))
        server.kill()
    assert select.select([decoder], [], [], 30)[0], "the decoder lives on"
    os.close(decoder)
