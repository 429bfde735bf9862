"""How many pictures a second does POST /api/analyze read, compared with one after another with `model.predict`?

The usual way decodes each picture, runs Haar on the whole of it (scale factor 1.1, 5 neighbours) and calls Keras'
`predict` for each face, in one thread of this process. Then the program behind gunicorn gets the same pictures from
eight clients at once, each of which sends the next when the previous one was answered; last from far more clients than
it accepts, to see what the others are answered. Two kinds of picture: portraits of 640x480 pixels, and faces of 48x48,
which are read as one face each. Clients and server share this machine; processor time is that of both together.
"""

import argparse
import http.client
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import cv2
import numpy as np

from benchmarks.tools.crowd import percentile
from benchmarks.tools.processes import usage
from benchmarks.tools.report import ratio, write
from benchmarks.tools.rivals import Running, project
from camera import CASCADE
from delivery.renditions import encode
from demo import Demo
from faces import Box, Image
from inference.bundle import ARCHITECTURE, WEIGHTS, read_card, spec_of
from inference.preprocess import crop_faces, fit_image
from inference.runtimes import load_keras_network

SIZE = (640, 480)
QUALITY = 90
CLIENTS = 8
ROUNDS = 4
CROWD = 150
"""Clients at once in the last part, more than the server lets wait."""
BAR = 10.0
"""Least ratio to the usual way's pictures a second."""
BOUNDARY = "picture"


@dataclass(frozen=True)
class Picture:
    """A picture as it is sent, and whether it is read as one face."""

    data: bytes
    whole: bool

    def form(self) -> bytes:
        """Return the body of a form that holds it."""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{"face" if self.whole else "image"}"; '
        return f'{head}filename="picture.jpg"\r\n\r\n'.encode() + self.data + f"\r\n--{BOUNDARY}--\r\n".encode()


def portraits(count: int) -> list[Picture]:
    """Return the demo with one person, at moments far apart."""
    demo = Demo(*SIZE, people=1)
    return [Picture(encode(demo.draw(23 * number)[0], QUALITY), False) for number in range(count)]


def crops(count: int) -> list[Picture]:
    """Return the faces of the same pictures, 48x48."""
    demo, result = Demo(*SIZE, people=1), []
    for number in range(count):
        image, faces = demo.draw(23 * number)
        box = faces[0].box
        left, top = max(0, box.x), max(0, box.y)
        face = cv2.resize(image[top : box.y + box.height, left : box.x + box.width], (48, 48))
        result.append(Picture(encode(np.asarray(face, np.uint8), QUALITY), True))
    return result


class UsualWay:
    """Decode, Haar on the whole picture, `predict` for each face."""

    def __init__(self, weights: Path) -> None:
        self._network = load_keras_network(weights / ARCHITECTURE, weights / WEIGHTS)
        self._spec = spec_of(read_card(weights))
        self._cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))

    def read(self, picture: Picture) -> int:
        """Find and read the faces in a picture; returns their number."""
        image = np.asarray(cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        faces = [fit_image(image, self._spec)] if picture.whole else list(self._faces(image))
        for face in faces:
            self._network.predict(face[None], verbose=0)
        return len(faces)

    def _faces(self, image: Image) -> Any:
        boxes = self._cascade.detectMultiScale(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), 1.1, 5)
        return crop_faces(image, [Box(*(int(edge) for edge in edges)) for edges in boxes], self._spec)


@dataclass
class Figures:
    """The results of some requests."""

    times: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    faces: int = 0
    seconds: float = 0.0
    cpu: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the figures to report."""
        return {
            "per_second": round(len(self.times) / self.seconds, 1),
            "median_ms": round(1000 * percentile(self.times, 0.5), 1),
            "95th_ms": round(1000 * percentile(self.times, 0.95), 1),
            "cpu_ms": round(1000 * self.cpu / max(1, len(self.times)), 1),
            "answers": dict(self.statuses),
            "faces_per_picture": round(self.faces / max(1, len(self.times)), 2),
        }


def read_all(figures: Figures, pictures: Sequence[Picture], seconds: float, read: Callable[[Picture], int]) -> None:
    """Read pictures one after another in this thread."""
    start, spent = time.perf_counter(), time.process_time()
    while (began := time.perf_counter()) < start + seconds:
        figures.faces += read(pictures[len(figures.times) % len(pictures)])
        figures.times.append(time.perf_counter() - began)
    figures.seconds += time.perf_counter() - start
    figures.cpu += time.process_time() - spent


def post_all(figures: Figures, server: Running, pictures: Sequence[Picture], clients: int, seconds: float) -> None:
    """Post pictures from so many clients at once; only answers with status 200 are timed."""
    guard, start = threading.Lock(), time.perf_counter()
    spent = usage(server.process.pid).cpu + time.process_time()

    def client(first: int) -> None:
        connection, number = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60), first
        while (began := time.perf_counter()) < start + seconds:
            status, faces = _post(connection, pictures[number % len(pictures)])
            number += 1
            with guard:
                figures.statuses[status] += 1
                if status == "200":
                    figures.times.append(time.perf_counter() - began)
                    figures.faces += faces
        connection.close()

    threads = [threading.Thread(target=client, args=(7 * number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    figures.seconds += time.perf_counter() - start
    figures.cpu += usage(server.process.pid).cpu + time.process_time() - spent


def _post(connection: http.client.HTTPConnection, picture: Picture) -> tuple[str, int]:
    """Return the status, with a note if an error lacks its Retry-After, and the number of faces."""
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    try:
        connection.request("POST", "/api/analyze", picture.form(), {"Content-Type": kind})
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return f"lost: {type(error).__name__}", 0
    if answer.status == 200:
        return "200", len(json.loads(body)["faces"])
    return str(answer.status) + ("" if answer.headers["Retry-After"] else " without Retry-After"), 0


def compare(kind: str, pictures: Sequence[Picture], seconds: float, usual: UsualWay) -> dict[str, Any]:
    """Measure both ways alternately, so that both meet the same machine, and the crowd, with one kind of picture."""
    theirs, ours, crowd = Figures(), Figures(), Figures()
    with project({"EXPRESSION_SOURCE": "demo"}) as server:
        read_all(Figures(), pictures, 1.0, usual.read)
        post_all(Figures(), server, pictures, CLIENTS, 2.0)
        for _ in range(ROUNDS):
            read_all(theirs, pictures, seconds / ROUNDS, usual.read)
            post_all(ours, server, pictures, CLIENTS, seconds / ROUNDS)
        post_all(crowd, server, pictures, CROWD, min(3.0, seconds))
    ways = {"usual way": theirs.as_dict(), "eight clients": ours.as_dict(), f"{CROWD} clients": crowd.as_dict()}
    gain = ratio(ways["eight clients"]["per_second"], ways["usual way"]["per_second"])
    print(f"{kind}: {gain:.1f} x the usual way's pictures a second (bar {BAR:g} x)")
    for way, figures in ways.items():
        print(
            f"  {way:14s} {figures['per_second']:7.1f} a second, median {figures['median_ms']:6.1f} ms, "
            f"95th percentile {figures['95th_ms']:6.1f} ms; a picture takes {figures['cpu_ms']:.1f} ms of processor "
            f"time, and has {figures['faces_per_picture']:.2f} faces; {figures['answers']}"
        )
    return {**ways, "ratio": gain, "bar": BAR}


def main() -> None:
    """Compare with both kinds of picture, print, write results/benchmark-requests.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each way and kind (default 10)")
    parser.add_argument("--weights", type=Path, default=Path("weights/ferplus"), help="bundle (default %(default)s)")
    options = parser.parse_args()
    os.environ["EXPRESSION_WEIGHTS"] = str(options.weights)
    usual = UsualWay(options.weights)
    kinds = {"portraits 640x480": portraits(24), "faces 48x48": crops(24)}
    write("requests", {kind: compare(kind, made, options.seconds, usual) for kind, made in kinds.items()})


if __name__ == "__main__":
    main()
