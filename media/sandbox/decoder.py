"""The process in which pictures from others are decoded: `python -m media.sandbox.decoder`, started by `sandbox`.

A picture that gets the better of a decoder gets a process that can open no file and no socket, start nothing, and has
little memory and time. It talks to its parent by the socket that is its standard input, and by a file in memory.
"""

import ctypes
import json
import os
import resource
import socket
import struct
import sys
from contextlib import suppress
from typing import Any

import numpy as np
from PIL import AvifImagePlugin
from PIL import Image as Pillow

from errors import ImageError
from faces import Image
from media.sandbox.decoding import PIXEL_LIMIT, read_picture
from media.sandbox.limits import bound_memory

HEAD = struct.Struct("!I")
NO_NEW_PRIVILEGES = 38
"""Linux' number for prctl(PR_SET_NO_NEW_PRIVS)."""


def confine(memory: int) -> None:
    """Give up whatever decoding does not need; for good.

    Args:
        memory: bytes that may be allocated on top of what is there.
    """
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    Pillow.init()  # all formats: later nothing can be imported
    bound_memory(memory)
    limits = {
        resource.RLIMIT_FSIZE: 3 * PIXEL_LIMIT,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 0,  # what is open stays so; nothing can be opened, connected or forked into
    }
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))


def serve(link: socket.socket, memory_file: int, seconds: int) -> None:
    """Decode one picture after another until the parent closes its end.

    Args:
        link: each picture comes as a JSON object behind its length, then the bytes of the file.
        memory_file: where each decoded picture is written, (height, width, 3) uint8 BGR.
        seconds: of processor time that one may take.
    """
    while head := _received(link, HEAD.size):
        told = json.loads(_received(link, HEAD.unpack(head)[0]))
        data = _received(link, told["size"])
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, resource.RLIM_INFINITY))
        answer = json.dumps(_decode(data, told["name"], told["limit"], memory_file)).encode()
        link.sendall(HEAD.pack(len(answer)) + answer)


def _decode(data: bytes, name: str, limit: int, memory_file: int) -> dict[str, Any]:
    try:
        image = read_picture(data, name, limit)
    except ImageError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": f"{name}: reading it takes too much memory; hand in a smaller one"}
    _write(image, memory_file)
    return {"shape": image.shape[:2]}


def _write(image: Image, memory_file: int) -> None:
    left, at = np.ravel(image).data, 0
    os.ftruncate(memory_file, len(left))
    while at < len(left):
        at += os.pwrite(memory_file, left[at:], at)


def _received(link: socket.socket, size: int) -> bytes:
    """So many bytes; fewer only where the parent has closed its end."""
    data = bytearray(size)
    left = memoryview(data)
    while len(left):
        count = link.recv_into(left)
        if not count:
            return b""
        left = left[count:]
    return bytes(data)


if __name__ == "__main__":
    _memory_file, _memory, _seconds = (int(argument) for argument in sys.argv[1:])
    confine(_memory)
    serve(socket.socket(fileno=0), _memory_file, _seconds)
