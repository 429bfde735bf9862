"""Decodes pictures from others in processes that can do nothing else, within limits of time and memory.

The processes stay, because starting one takes as long as decoding a dozen pictures. A decoded picture comes back by a
file in memory, a millisecond for two megapixels. It is read, not mapped: a process that was taken over could shorten it
under our feet.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

import numpy as np

from errors import ImageError
from faces import Image
from media.limits.admission import Overloaded
from media.sandbox.decoder import HEAD

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = max(2, min(8, os.cpu_count() or 1))
MEMORY = 1_500_000_000
"""Bytes that one picture may take while it is decoded; one of 50 megapixels and 16 bits a channel takes most of it."""
SECONDS = 10
"""Processor time that one may take; by the clock it may be twice as much, since other processes want their turn."""
KEPT = 32_000_000
"""Bytes of a decoded picture above which its memory is given back at once."""
TUNING = {
    "OPENBLAS_NUM_THREADS": "1",  # each thread would take memory away from the picture
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),  # glibc: memory is kept for the next picture,
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),  # as getting it from the kernel anew costs half as much as decoding
}
LONGEST_ANSWER = 4000
PATIENCE = 0.5
"""Seconds within which a process that has closed its end must have ended."""
INHERITED = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
"""What the processes get of the environment: no secret is among it."""


class Sandbox:
    """Some processes that decode pictures, started when they are needed. Safe to share between threads.

    Args:
        at_once: processes, and with that pictures that are decoded at a time; further ones wait.
        memory: bytes that a picture may take.
        seconds: of processor time that it may take.
    """

    def __init__(self, at_once: int = AT_ONCE, memory: int = MEMORY, seconds: int = SECONDS) -> None:
        self._limits = memory, seconds
        self._room = threading.BoundedSemaphore(at_once)
        self._idle: list[_Decoder] = []
        self._closer = weakref.finalize(self, _close, self._idle)  # at the process' end, too

    def read_picture(self, data: bytes, name: str, limit: int) -> Image:
        """A picture as (height, width, 3) uint8 BGR, as `media.sandbox.decoding.read_picture` gives it.

        Raises:
            ImageError: it is no picture, cut off, too large, takes too long, or breaks the decoder.
            Crowded: the system has no room for a process more.
        """
        with self._room:
            decoder = self._decoder()
            try:
                image = decoder.decode(data, name, limit)
            except ImageError:
                self._idle.append(decoder)
                raise
            except BaseException as error:
                status = decoder.kill(PATIENCE if isinstance(error, EOFError | ConnectionError) else 0)
                if not isinstance(error, Exception):
                    raise
                slow = isinstance(error, TimeoutError) or status == -signal.SIGXCPU
                reason = "reading it takes too long" if slow else "it breaks the decoder"
                raise ImageError(f"{name}: {reason}; it may be damaged, hand in another") from None
            self._idle.append(decoder)
            return image

    def _decoder(self) -> "_Decoder":
        while self._idle:
            decoder = self._idle.pop()
            if decoder.lives():
                return decoder
            decoder.kill()
        try:
            return _Decoder(*self._limits)
        except OSError as error:
            raise Overloaded(f"no process that reads it can be started ({error.strerror})") from error

    def close(self) -> None:
        """End the processes; the next picture starts new ones."""
        _close(self._idle)


def _close(decoders: list["_Decoder"]) -> None:
    while decoders:
        decoders.pop().kill()


class _Decoder:
    """One process, used by one thread at a time.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, memory: int, seconds: int) -> None:
        self._seconds = seconds
        link, theirs = socket.socketpair()
        with theirs, ExitStack() as unless_started:
            self._link = unless_started.enter_context(link)
            self._file = unless_started.enter_context(_file_in_memory())
            self._memory = self._file.fileno()
            self._process = _started(theirs.fileno(), self._memory, memory, seconds)
            unless_started.pop_all()

    def lives(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def decode(self, data: bytes, name: str, limit: int) -> Image:
        """The picture.

        Raises:
            ImageError: the process says what is wrong with it, and goes on.
            Exception: the process does not answer in time, has died, or answers nonsense, of whatever kind.
        """
        until = time.monotonic() + 2 * self._seconds
        told = json.dumps({"name": name, "limit": limit, "size": len(data)}).encode()
        self._link.settimeout(2 * self._seconds)
        self._link.sendall(HEAD.pack(len(told)) + told)
        self._link.sendall(data)
        size = HEAD.unpack(self._received(HEAD.size, until))[0]
        if size > LONGEST_ANSWER:
            raise ValueError(f"an answer of {size} bytes")
        answer = json.loads(self._received(size, until))
        if "error" in answer:
            raise ImageError(str(answer["error"]))
        height, width = (int(side) for side in answer["shape"])
        if height < 1 or width < 1 or height * width > limit:
            raise ValueError(f"a picture of {width}x{height} pixels")
        return self._taken(height, width)

    def _received(self, size: int, until: float) -> bytes:
        data = b""
        while len(data) < size:
            self._link.settimeout(max(0.001, until - time.monotonic()))
            more = self._link.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def _taken(self, height: int, width: int) -> Image:
        image = np.empty((height, width, 3), np.uint8)
        left, at = image.reshape(-1).data, 0
        while at < len(left):
            count = os.preadv(self._memory, [left[at:]], at)
            if not count:
                raise EOFError
            at += count
        if at > KEPT:
            os.ftruncate(self._memory, 0)
        return image

    def kill(self, patience: float = 0.0) -> int:
        """End the process, unless it does so itself within some seconds; returns its status."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._process.kill()
        status: int = self._process.wait()
        self._link.close()
        with suppress(OSError):
            self._file.close()
        return status


def _file_in_memory() -> IO[bytes]:
    """Where a decoded picture is written; on the disk where the system has none."""
    return os.fdopen(os.memfd_create("picture"), "r+b") if hasattr(os, "memfd_create") else tempfile.TemporaryFile()


def _started(link: int, file: int, memory: int, seconds: int) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "media.sandbox.decoder", str(file), str(memory), str(seconds)],
        cwd=ROOT,
        env={**environment, **TUNING},
        stdin=link,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(file,),
        process_group=0,  # Ctrl-C is for the server, which ends this
    )
