"""The result of one file, and its forms: a line, JSON, CSV."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from faces import Face


@dataclass(slots=True)
class FileResult:
    """The faces of one file.

    `frames` has one entry for a picture, and one for each frame of a video: number, seconds, faces. `error` says in
    a sentence why the file could not be read, or not to its end.
    """

    path: str
    kind: str
    width: int = 0
    height: int = 0
    fps: float = 0.0
    labels: tuple[str, ...] = ()
    frames: list[tuple[int, float, tuple[Face, ...]]] = field(default_factory=list)
    error: str = ""

    @property
    def faces(self) -> int:
        """The number of faces in a picture; the most in one frame of a video."""
        return max((len(faces) for _, _, faces in self.frames), default=0)

    def line(self) -> str:
        """Return one line for the terminal."""
        if self.error:
            return self.error
        if not self.faces:
            return f"{self.path}: no face found"
        if self.kind == "video":
            with_face = sum(bool(faces) for _, _, faces in self.frames)
            return f"{self.path}: {with_face} of {len(self.frames)} frames with a face, at most {self.faces} at once"
        seen = ", ".join(f"{face.expression} {face.confidence:.0%}" for face in self.frames[0][2])
        return f"{self.path}: {self.faces} {'face' if self.faces == 1 else 'faces'}: {seen}"

    def as_dict(self) -> dict[str, Any]:
        """Return the result as JSON types."""
        about: dict[str, Any] = {"path": self.path, "kind": self.kind, "width": self.width, "height": self.height}
        if self.error:
            about["error"] = self.error
        if self.kind == "video":
            frames = [as_entry(*frame) for frame in self.frames]
            return {**about, "fps": self.fps, "labels": self.labels, "frames": frames}
        return {**about, "labels": self.labels, "faces": _dicts(self.frames[0][2]) if self.frames else []}


def _dicts(faces: Sequence[Face]) -> list[dict[str, Any]]:
    return [face.as_dict() for face in faces]


def as_csv(results: Sequence[FileResult]) -> str:
    """Return CSV with one row for each face, and a column for each label's probability."""
    labels = next((result.labels for result in results), ())
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(["path", "frame", "seconds", *columns(labels)])
    for result in results:
        out.writerows(_rows(result))
    return text.getvalue()


def _rows(result: FileResult) -> Iterator[list[object]]:
    for number, seconds, faces in result.frames:
        for face in faces:
            yield [_escape_formula(result.path), number, round(seconds, 4), *cells(face)]


def columns(labels: Sequence[str]) -> list[str]:
    """Return the CSV columns of a face; `cells` returns their values."""
    return ["track", "x", "y", "width", "height", "detection", "angle", "expression", "confidence", *labels]


def cells(face: Face) -> list[object]:
    """Return one face as CSV values."""
    place = [face.box.x, face.box.y, face.box.width, face.box.height, round(face.detection, 3), round(face.angle, 1)]
    reading = [face.expression, round(face.confidence, 4), *(round(p, 4) for p in face.probabilities)]
    return ["" if face.track is None else face.track, *place, *reading]


def as_entry(number: int, seconds: float, faces: Sequence[Face]) -> dict[str, Any]:
    """Return one frame of a video as JSON types."""
    return {"frame": number, "seconds": round(seconds, 4), "faces": _dicts(faces)}


def _escape_formula(text: str) -> str:
    """Quote a name that a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def as_json(results: Sequence[FileResult]) -> str:
    """Return JSON: a list with an entry for each file."""
    return json.dumps([result.as_dict() for result in results], indent=2) + "\n"
