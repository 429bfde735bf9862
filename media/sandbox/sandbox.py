"""Decodes untrusted pictures in processes that may do nothing else, within limits of time and memory.

The processes stay, because starting one takes as long as decoding a dozen pictures. A decoded picture comes back
in a file in memory, a millisecond for two megapixels. It is read, not mapped: a process that was taken over could
truncate it while it is used.
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
from media.sandbox.decoder import HEADER

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = max(2, min(8, os.cpu_count() or 1))
MEMORY = 1_500_000_000
"""Bytes for decoding one picture; 50 megapixels of 16 bits a channel take most of it."""
SECONDS = 10
"""Processor time for one picture; twice as much by the clock, since other processes run as well."""
KEEP_BYTES = 32_000_000
"""Bytes of a decoded picture above which its memory is released at once."""
ALLOCATOR = {
    "OPENBLAS_NUM_THREADS": "1",  # each thread would take memory away from the picture
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),  # glibc keeps memory for the next picture:
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),  # getting it from the kernel again costs half as much as decoding
}
MAX_ANSWER = 4000
EXIT_TIMEOUT = 0.5
"""Seconds that a process has to end after it closed its end."""
INHERITED = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
"""Environment variables that the processes get; none holds a secret."""


class Sandbox:
    """Processes that decode pictures, started when they are needed. Safe to share between threads.

    Args:
        at_once: processes, and with that pictures decoded at a time; further ones wait.
        memory: bytes for decoding one picture.
        seconds: of processor time for it.
    """

    def __init__(self, at_once: int = AT_ONCE, memory: int = MEMORY, seconds: int = SECONDS) -> None:
        self._limits = memory, seconds
        self._slots = threading.BoundedSemaphore(at_once)
        self._idle: list[_Decoder] = []
        self._closer = weakref.finalize(self, _close, self._idle)  # also when the process ends

    def read_picture(self, data: bytes, name: str, limit: int) -> Image:
        """Decode a picture as (height, width, 3) uint8 BGR, as `media.sandbox.decoding.read_picture` does.

        Raises:
            ImageError: it is no picture, cut off, too large, takes too long, or breaks the decoder.
            Overloaded: no further process can be started.
        """
        with self._slots:
            decoder = self._decoder()
            try:
                image = decoder.decode(data, name, limit)
            except ImageError:
                self._idle.append(decoder)
                raise
            except BaseException as error:
                status = decoder.kill(EXIT_TIMEOUT if isinstance(error, EOFError | ConnectionError) else 0)
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
            if decoder.is_alive():
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
            self._file = unless_started.enter_context(_memory_file())
            self._memory = self._file.fileno()
            self._process = _start(theirs.fileno(), self._memory, memory, seconds)
            unless_started.pop_all()

    def is_alive(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def decode(self, data: bytes, name: str, limit: int) -> Image:
        """Decode one picture.

        Raises:
            ImageError: the process says what is wrong with it, and stays usable.
            Exception: of any kind; the process does not answer in time, has died, or answers nonsense.
        """
        deadline = time.monotonic() + 2 * self._seconds
        request = json.dumps({"name": name, "limit": limit, "size": len(data)}).encode()
        self._link.settimeout(2 * self._seconds)
        self._link.sendall(HEADER.pack(len(request)) + request)
        self._link.sendall(data)
        size = HEADER.unpack(self._receive(HEADER.size, deadline))[0]
        if size > MAX_ANSWER:
            raise ValueError(f"an answer of {size} bytes")
        answer = json.loads(self._receive(size, deadline))
        if "error" in answer:
            raise ImageError(str(answer["error"]))
        height, width = (int(side) for side in answer["shape"])
        if height < 1 or width < 1 or height * width > limit:
            raise ValueError(f"a picture of {width}x{height} pixels")
        return self._read_picture(height, width)

    def _receive(self, size: int, deadline: float) -> bytes:
        data = b""
        while len(data) < size:
            self._link.settimeout(max(0.001, deadline - time.monotonic()))
            more = self._link.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def _read_picture(self, height: int, width: int) -> Image:
        image = np.empty((height, width, 3), np.uint8)
        target, offset = image.reshape(-1).data, 0
        while offset < len(target):
            count = os.preadv(self._memory, [target[offset:]], offset)
            if not count:
                raise EOFError
            offset += count
        if offset > KEEP_BYTES:
            os.ftruncate(self._memory, 0)
        return image

    def kill(self, timeout: float = 0.0) -> int:
        """End the process, unless it ends by itself within `timeout` seconds; returns its status."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)
        self._process.kill()
        status: int = self._process.wait()
        self._link.close()
        with suppress(OSError):
            self._file.close()
        return status


def _memory_file() -> IO[bytes]:
    """Open the file for decoded pictures; on the disk if the system has no files in memory."""
    return os.fdopen(os.memfd_create("picture"), "r+b") if hasattr(os, "memfd_create") else tempfile.TemporaryFile()


def _start(link: int, file: int, memory: int, seconds: int) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "media.sandbox.decoder", str(file), str(memory), str(seconds)],
        cwd=ROOT,
        env={**environment, **ALLOCATOR},
        stdin=link,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(file,),
        process_group=0,  # Ctrl-C is for the server, which ends this process
    )
