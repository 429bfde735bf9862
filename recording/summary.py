"""The summary of a record: how long each expression was seen, on each face and in all."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from faces import Face
from media.results.timeline import TimelineBuilder

MAX_GAP = 1.0
"""Longest time in seconds that a frame counts: nobody knows what was in view while no picture came."""
MAX_TRACKS = 20
"""Most faces listed one by one: those that were in view longest."""
UNSURE = "unsure"


@dataclass(slots=True)
class TimeInView:
    """One face's time in view; `since`, `until` and the `spent` time of each expression are in seconds."""

    since: float
    until: float
    spent: dict[str, float] = field(default_factory=dict)


class Summary:
    """Sums that grow with each frame.

    Args:
        labels: of the expressions, in the model's order.
        threshold: probability below which a face counts as unsure, as the visitor saw it.
    """

    def __init__(self, labels: Sequence[str], threshold: float) -> None:
        self.labels = tuple(labels)
        self.timeline = TimelineBuilder(labels)
        self._threshold = threshold
        self._tracks: dict[int | None, TimeInView] = {}
        self._faces: tuple[Face, ...] = ()
        self._most = 0
        self.seconds = 0.0

    def add(self, seconds: float, faces: Sequence[Face]) -> None:
        """Add the faces that are seen from `seconds` on, until the next call."""
        self.advance(seconds)
        self.timeline.add(seconds, faces)
        self._faces = tuple(faces)
        self._most = max(self._most, len(faces))
        for face in faces:
            self._tracks.setdefault(face.track, TimeInView(seconds, seconds))

    def advance(self, seconds: float) -> None:
        """Count the faces in view up to `seconds`."""
        elapsed = min(max(seconds - self.seconds, 0.0), MAX_GAP)
        for face in self._faces:
            track, label = self._tracks[face.track], self.label_of(face)
            track.until = self.seconds + elapsed
            track.spent[label] = track.spent.get(label, 0.0) + elapsed
        self.seconds = max(seconds, self.seconds)

    def label_of(self, face: Face) -> str:
        """Return the label under which the visitor saw a face."""
        return face.expression if face.expression and face.confidence >= self._threshold else UNSURE

    @property
    def faces(self) -> int:
        """The number of different faces, as far as they could be followed."""
        return len(self._tracks)

    def as_dict(self) -> dict[str, Any]:
        """Return `duration`, `frames`, `faces`, `most_faces` at once, `shares` of time with faces in view, `tracks`."""
        longest = sorted(self._tracks.items(), key=lambda stay: -sum(stay[1].spent.values()))[:MAX_TRACKS]
        total: dict[str, float] = {}
        for track in self._tracks.values():
            for label, seconds in track.spent.items():
                total[label] = total.get(label, 0.0) + seconds
        return {
            "duration": round(self.seconds, 3),
            "frames": len(self.timeline),
            "faces": self.faces,
            "most_faces": self._most,
            "shares": self._shares(total),
            "tracks": [self._track_entry(track, stay) for track, stay in longest],
        }

    def _track_entry(self, track: int | None, stay: TimeInView) -> dict[str, Any]:
        spent = round(sum(stay.spent.values()), 3)
        times = {"since": round(stay.since, 3), "until": round(stay.until, 3), "in_view": spent}
        return {"track": track, **times, "shares": self._shares(stay.spent)}

    def _shares(self, spent: dict[str, float]) -> dict[str, float]:
        """Return shares of the time by label, in the model's order, `unsure` last; empty if there was no time."""
        total = sum(spent.values())
        return {label: round(spent.get(label, 0.0) / total, 4) for label in (*self.labels, UNSURE)} if total else {}
