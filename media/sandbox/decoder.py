"""The process that decodes untrusted pictures: `python -m media.sandbox.decoder`, started by `sandbox`.

A picture that takes over a decoder gets a process that can open no file and no socket, start nothing, and has
little memory and time. It talks to its parent over the socket that is its standard input, and a file in memory.
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
from media.sandbox.limits import limit_memory

HEADER = struct.Struct("!I")
NO_NEW_PRIVILEGES = 38
"""Linux' number of prctl(PR_SET_NO_NEW_PRIVS)."""


def confine(memory: int) -> None:
    """Give up, for good, all rights that decoding does not need.

    Args:
        memory: bytes that may be allocated from now on.
    """
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    Pillow.init()  # loads all formats: nothing can be imported later
    limit_memory(memory)
    limits = {
        resource.RLIMIT_FSIZE: 3 * PIXEL_LIMIT,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 0,  # open files stay open; nothing else can be opened, connected or forked
    }
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))


def serve(link: socket.socket, memory_file: int, seconds: int) -> None:
    """Decode one picture after another until the parent closes its end.

    Args:
        link: brings each picture as a JSON object behind its length, then the bytes of the file.
        memory_file: takes each decoded picture, (height, width, 3) uint8 BGR.
        seconds: of processor time for one picture.
    """
    while header := _receive(link, HEADER.size):
        request = json.loads(_receive(link, HEADER.unpack(header)[0]))
        data = _receive(link, request["size"])
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, resource.RLIM_INFINITY))
        answer = json.dumps(_decode(data, request["name"], request["limit"], memory_file)).encode()
        link.sendall(HEADER.pack(len(answer)) + answer)


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
    data, offset = np.ravel(image).data, 0
    os.ftruncate(memory_file, len(data))
    while offset < len(data):
        offset += os.pwrite(memory_file, data[offset:], offset)


def _receive(link: socket.socket, size: int) -> bytes:
    """Return so many bytes; fewer only if the parent has closed its end."""
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
