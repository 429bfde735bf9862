"""The tracker: follows faces between frames, checks, loses and recovers them."""

import math
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from faces import Box, Detection, Face
from tracking.following import Edges, Grey, Template, appearance_at, box_of, edges_of, locate
from tracking.places import Places
from tracking.searching import KnownFace, SearchResult
from tracking.smoothing import Smoother, share
from tracking.track import HOLD_FOR, Track, log_odds

MIN_OVERLAP = 0.2
"""Intersection over union from which a detection may be the same face as in the frame before."""
SAME_PLACE = 0.45
"""Intersection over union from which two tracks cannot both be in sight: one is behind the other, or gone."""
CHECK_EVERY = 0.2
"""Seconds after which a followed face is checked again, unless the detector asks for fewer checks."""
SURE = 0.8
"""Likeness to the last template below which the detector checks at once."""
FOLLOWED = 0.55
"""Likeness below which following has failed."""
REMEMBER_FOR = 2.0
"""Seconds in which a lost face that is detected again gets its number back."""
SEEK_EVERY = 0.1
"""Seconds between checks for a lost face at its predicted place."""
LIKE = 0.5
"""Likeness from which a detection may be the lost face."""
CORRECTION = 0.25
"""Time constant with which the followed box moves to detections, in seconds: these jitter."""
LEAP = 0.1
"""Offset of a detection, as a share of the face's width, from which it is no jitter but a movement in depth."""
EASING = 0.08
"""Time constant with which the shown box follows such a correction, in seconds."""
PACE = 0.15
"""Time constant of a face's velocity, in seconds."""
DOUBTFUL = 3
"""Predictions after which a detection that looks like no face is dropped."""
REJECT_FOR = 1.0
"""Seconds for which a place that turned out to be no face is ignored."""


class Tracker:
    """Tracks one camera's faces. For each frame: `follow`, then `update` with the search's result, then
    `add_predictions`.

    Between detections a face is followed by its template from the last one. Times are seconds on one monotonic
    clock.

    Args:
        smoothing: time constant of the probabilities in seconds; 0 for none.
        no_face_threshold: probability of "no face" above which a detection gets no box; None for a network without it.
    """

    def __init__(self, smoothing: float = 0.4, no_face_threshold: float | None = None) -> None:
        self._smoothing = smoothing
        self._doubt_limit = math.inf if no_face_threshold is None else log_odds(no_face_threshold)
        self._tracks: list[Track] = []
        self._rejected = Places(REJECT_FOR)
        self._gone = Places(REMEMBER_FOR)
        self._next = 1

    def follow(self, grey: Grey) -> None:
        """Move every track to where its face is in a new frame."""
        for track in self._tracks:
            elapsed, track.now = max(0.0, grey.position - track.now), grey.position
            track.easing *= 1 - share(elapsed, EASING)
            predicted = track.edges.copy()
            predicted[:2] += track.velocity * elapsed
            if track.lost_at is not None or track.appearance is None:
                track.edges = predicted
                continue
            moved, track.likeness = locate(grey, track.appearance, predicted)
            if track.likeness < FOLLOWED:
                track.edges = predicted
                continue
            if elapsed > 0 and track.likeness >= SURE:  # something that half covers a face drags its template along
                track.velocity += share(elapsed, PACE) * ((moved[:2] - track.edges[:2]) / elapsed - track.velocity)
            track.edges = moved
        self._lose(grey)

    def _lose(self, grey: Grey) -> None:
        """Lose tracks that left the picture, were not detected for too long, or are hidden behind another face."""
        rows, columns = (side / grey.scale for side in grey.image.shape)
        for track in self._tracks:
            x, y = track.edges[:2] + track.edges[2:] / 2
            outside = not (0 <= x < columns and 0 <= y < rows)
            if outside or track.checked_at - track.found_at > HOLD_FOR:
                track.lose()
        seen = sorted(self._seen, key=lambda track: track.certainty, reverse=True)
        for index, track in enumerate(seen):
            if any(track.box.overlap(other.box) > SAME_PLACE for other in seen[:index]):
                track.lose()
        for track in self._tracks:
            if not track.confirmed and not self._is_kept(track):
                self._gone.note(track.box, grey.position)
        self._tracks = [track for track in self._tracks if self._is_kept(track)]
        for places in (self._gone, self._rejected):
            places.forget(grey.position)

    @property
    def _seen(self) -> list[Track]:
        return [track for track in self._tracks if track.lost_at is None]

    def _is_kept(self, track: Track) -> bool:
        """Whether to keep a track: an unconfirmed one is forgotten as soon as it is missed."""
        return track.lost_at is None or (track.confirmed and track.now - track.lost_at < REMEMBER_FOR)

    def known(self, now: float, check_every: float = CHECK_EVERY) -> list[KnownFace]:
        """The faces in sight and those just lost, and which of them the detector should check."""
        return [
            KnownFace(
                track.number,
                box_of(track.edges),
                self._wants(track, now, check_every),
                track.lost_at is None,
                track.angle,
            )
            for track in self._tracks
        ]

    def _wants(self, track: Track, now: float, check_every: float) -> bool:
        pause = now - track.checked_at
        if track.lost_at is not None:
            return pause >= SEEK_EVERY
        return not track.confirmed or track.leaps or track.likeness < SURE or pause >= check_every

    def update(self, result: SearchResult, grey: Grey) -> None:
        """Update the tracks with the result of a search, in this frame or a recent one; `grey` is this frame."""
        self._check(result, grey)
        for found, votes in result.new:
            self._add_detection(found, votes, result.grey, grey)
        for box in result.doubtful:
            self._gone.note(box, grey.position)

    def _check(self, result: SearchResult, grey: Grey) -> None:
        for known, found in result.again:
            track = next((track for track in self._tracks if track.number == known.number), None)
            if track is None:
                continue
            track.checked_at = result.grey.position
            if found is None:
                self._missed(track)
            elif self._is_another(track, found.box, known.box):
                track.lose()
            elif track.lost_at is not None:
                if not self._revive(track, found, result.grey, grey):
                    self._add_detection(found, 1, result.grey, grey)
            else:
                self._correct(track, edges_of(found.box) - edges_of(known.box), found, result.grey.position, grey)

    def _is_another(self, track: Track, box: Box, known: Box) -> bool:
        """Whether a detection at a face's place is rather another face, in front of it."""
        nearest = max((box.overlap(other.box) for other in self._seen if other is not track), default=0.0)
        return nearest > max(SAME_PLACE, box.overlap(known))

    def _missed(self, track: Track) -> None:
        if not track.confirmed or track.likeness < FOLLOWED:
            track.lose()

    def _correct(self, track: Track, error: Edges, found: Detection, found_at: float, grey: Grey) -> None:
        """Move the box and the tilt towards a detection, whose box is off by `error`."""
        track.leaps = bool(np.abs(error).max() > LEAP * track.edges[2])
        steady = track.confirmed and not track.leaps
        gain = share(found_at - track.found_at, CORRECTION) if steady else 1.0
        track.edges = track.edges + gain * error
        if track.confirmed:
            track.easing -= gain * error
        track.note(found, gain)
        track.found_at = found_at
        track.votes += 1
        if track.likeness >= SURE or not self._is_crowded(track):
            track.appearance = appearance_at(grey, track.edges)

    def _is_crowded(self, track: Track) -> bool:
        return any(track.box.overlap(other.box) > 0 for other in self._seen if other is not track)

    def _add_detection(self, found: Detection, votes: int, then: Grey, grey: Grey) -> None:
        """Handle a detection that belongs to no track in sight: a lost face, or a new one."""
        box = found.box
        if any(box.overlap(place) > SAME_PLACE for place in self._rejected):
            return
        if any(box.overlap(track.box) > MIN_OVERLAP for track in self._seen):
            return
        appearance = appearance_at(then, edges_of(box))
        lost = [(_likeness(track.appearance, appearance), track) for track in self._tracks if self._may_be(track, box)]
        best, track = max(lost, key=lambda pair: pair[0], default=(0.0, None))
        if track is not None and best > LIKE:
            self._revive(track, found, then, grey)
            return
        if lost and any(box.overlap(other.box) > 0 for other in self._seen):
            return  # it emerges from behind another face, and does not match its template yet
        new = Track(self._next, edges_of(box), appearance, Smoother(self._smoothing), grey.position, votes)
        new.since = new.found_at = new.checked_at = then.position
        new.note(found)
        if self._follow_to(new, then, grey):
            self._next += 1
            self._tracks.append(new)

    def _may_be(self, track: Track, box: Box) -> bool:
        """Whether a lost face may be in this box by now: people walk a few face widths per second."""
        if track.lost_at is None:
            return False
        apart = np.hypot(*(track.edges[:2] + track.edges[2:] / 2 - _middle(box)))
        near = apart < box.width * (1 + 2 * (track.now - track.lost_at))
        return bool(near and 0.6 < box.width / track.edges[2] < 1.7)

    def _revive(self, track: Track, found: Detection, then: Grey, grey: Grey) -> bool:
        """Recover a lost face; return False when the detection is another face."""
        box = found.box
        appearance = appearance_at(then, edges_of(box))
        if (
            any(box.overlap(other.box) > MIN_OVERLAP for other in self._seen)
            or _likeness(track.appearance, appearance) < LIKE
        ):
            return False
        track.edges, track.appearance, track.lost_at = edges_of(box), appearance, None
        track.velocity, track.easing = np.zeros(2), np.zeros(4)
        track.note(found)
        track.found_at = track.checked_at = then.position
        self._follow_to(track, then, grey)
        return True

    def _follow_to(self, track: Track, then: Grey, grey: Grey) -> bool:
        """Move a track from the frame of its detection to this one; return whether it could be followed."""
        if grey is then or track.appearance is None:
            return track.appearance is not None
        track.edges, track.likeness = locate(grey, track.appearance, track.edges)
        return track.likeness >= FOLLOWED

    def due_for_prediction(self, now: float, every: float) -> list[Track]:
        """The tracks to predict now: all in sight, as soon as one is due."""
        ready = [track for track in self._seen if track.confirmed]
        due = any(track.predictions < DOUBTFUL or now - track.smoother.predicted_at >= every - 1e-6 for track in ready)
        return ready if due else []

    def add_predictions(
        self, tracks: Sequence[Track], probabilities: NDArray[np.float32], no_face: NDArray[np.float32]
    ) -> None:
        """Add the predictions, (N, labels) and (N,), to the tracks that `due_for_prediction` returned."""
        for track, row, none in zip(tracks, probabilities, no_face, strict=True):
            track.add_prediction(row, float(none))
            if track.doubt <= self._doubt_limit:
                track.shown = True
            elif track.shown or track.predictions >= DOUBTFUL:
                self._reject(track)

    def _reject(self, track: Track) -> None:
        """Drop a track that is no face: if it was shown it fades, and its place is ignored for a while."""
        for places in (self._gone, self._rejected):
            places.note(track.box, track.now)
        track.lose()
        track.appearance = None
        if not track.shown:
            self._tracks.remove(track)

    def faces(self, labels: tuple[str, ...]) -> tuple[Face, ...]:
        """The faces to show, oldest first."""
        return tuple(track.face(labels) for track in self._tracks if track.visible)

    def smoothed(self, labels: tuple[str, ...], smoothings: Collection[float]) -> dict[float, tuple[Face, ...]]:
        """The faces to show with further time constants, by these in seconds; those left out are forgotten."""
        others = [smoothing for smoothing in smoothings if smoothing != self._smoothing]
        for track in self._tracks:
            track.keep_smoothings(others)
        return {other: tuple(track.face(labels, other) for track in self._tracks if track.visible) for other in others}

    def doubtful(self) -> tuple[Box, ...]:
        """Where else faces may be: unconfirmed, just lost, not found by a closer check, or rejected as no face."""
        return (*(box for track in self._tracks for box in track.doubtful), *self._gone)


def _likeness(one: Template | None, other: Template | None) -> float:
    return one.likeness(other) if one is not None and other is not None else 0.0


def _middle(box: Box) -> NDArray[np.float64]:
    return np.array([box.x + box.width / 2, box.y + box.height / 2])
