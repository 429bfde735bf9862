"""What a record comes to: how long each expression was seen, of each face and of all."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from faces import Face
from media.results.timeline import TimelineBuilder

LONGEST = 1.0
"""Seconds for which a frame stands at most: what was in view while no picture came is not known."""
MOST_TRACKS = 20
"""Faces that are told of one by one: those that were in view longest."""
UNSURE = "unsure"


@dataclass(slots=True)
class Stay:
    """One face's time in view; `since`, `until` and the `spent` time of each expression are in seconds."""

    since: float
    until: float
    spent: dict[str, float] = field(default_factory=dict)


class Summary:
    """Grows with each frame; nothing is gone through twice.

    Args:
        labels: of the expressions, in the model's order.
        threshold: probability below which a face counts as unsure, as the visitor saw it.
    """

    def __init__(self, labels: Sequence[str], threshold: float) -> None:
        self.labels = tuple(labels)
        self.course = TimelineBuilder(labels)
        self._threshold = threshold
        self._stays: dict[int | None, Stay] = {}
        self._standing: tuple[Face, ...] = ()
        self._most = 0
        self.seconds = 0.0

    def add(self, seconds: float, faces: Sequence[Face]) -> None:
        """Take in the faces that are seen from `seconds` on, until the next call."""
        self.reach(seconds)
        self.course.add(seconds, faces)
        self._standing = tuple(faces)
        self._most = max(self._most, len(faces))
        for face in faces:
            self._stays.setdefault(face.track, Stay(seconds, seconds))

    def reach(self, seconds: float) -> None:
        """Let the faces that are in view stand until then."""
        spell = min(max(seconds - self.seconds, 0.0), LONGEST)
        for face in self._standing:
            stay, label = self._stays[face.track], self.shown(face)
            stay.until = self.seconds + spell
            stay.spent[label] = stay.spent.get(label, 0.0) + spell
        self.seconds = max(seconds, self.seconds)

    def shown(self, face: Face) -> str:
        """The label under which a visitor saw a face."""
        return face.expression if face.expression and face.confidence >= self._threshold else UNSURE

    @property
    def faces(self) -> int:
        """How many different faces there were, as far as they could be followed."""
        return len(self._stays)

    def as_dict(self) -> dict[str, Any]:
        """`duration`, `frames`, `faces`, `most_faces` at once, `shares` of the time with faces in view, `tracks`."""
        longest = sorted(self._stays.items(), key=lambda stay: -sum(stay[1].spent.values()))[:MOST_TRACKS]
        every: dict[str, float] = {}
        for stay in self._stays.values():
            for label, seconds in stay.spent.items():
                every[label] = every.get(label, 0.0) + seconds
        return {
            "duration": round(self.seconds, 3),
            "frames": len(self.course),
            "faces": self.faces,
            "most_faces": self._most,
            "shares": self._shares(every),
            "tracks": [self._told(track, stay) for track, stay in longest],
        }

    def _told(self, track: int | None, stay: Stay) -> dict[str, Any]:
        spent = round(sum(stay.spent.values()), 3)
        times = {"since": round(stay.since, 3), "until": round(stay.until, 3), "in_view": spent}
        return {"track": track, **times, "shares": self._shares(stay.spent)}

    def _shares(self, spent: dict[str, float]) -> dict[str, float]:
        """Shares of the time by label, in the model's order, `unsure` last; empty where no time has gone."""
        total = sum(spent.values())
        return {label: round(spent.get(label, 0.0) / total, 4) for label in (*self.labels, UNSURE)} if total else {}
