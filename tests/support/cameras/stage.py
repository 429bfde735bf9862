"""Frames with textures for faces, and a tracker on its own: what the tests of tracking share."""

import numpy as np

from faces import Box, Detection, joined
from model import Prediction
from tracking.following import Grey
from tracking.searching import Search
from tracking.tracker import Tracker

LABELS = ("calm", "tense")
FPS = 30


def texture(person: int) -> np.ndarray:
    """What only this person looks like, (40, 40) float32."""
    coarse = np.random.default_rng(person).uniform(-60, 60, (8, 8)).astype(np.float32)
    return np.kron(coarse, np.ones((5, 5), np.float32))


class Stage:
    """Frames with textures for faces, a detector that sees them, a tracker that is told of it."""

    search_width, reduced, together, sweep, check_every = 480, True, False, 5, 0.2

    def __init__(self, smoothing=0.4, threshold=None, every=0.4, sure=0.86):
        self.tracker = Tracker(smoothing, threshold)
        self.search = Search(self, every)
        self.sure = sure
        self.seen: list[Box] = []
        self.jitter = lambda box: box
        self.checks = 0
        self.time = 0.0
        self.no_face = 0.0

    def detect_new(self, image, area=None, known=()):
        return [Detection(box, self.sure) for box in joined([], self.seen) if all(box.overlap(k) < 0.2 for k in known)]

    def confirm(self, image, places):
        return self.detect_known(image, places)

    def detect_known(self, image, faces):
        return [self._near(face.box) for face in faces]

    def _near(self, known):
        self.checks += 1
        near = max(self.seen, key=known.overlap, default=None)
        return Detection(self.jitter(near), self.sure) if near is not None and near.overlap(known) > 0.3 else None

    def grey(self, people: dict[int, tuple[int, int]]) -> Grey:
        """A frame with people at their places; later ones stand in front."""
        image = np.tile(np.linspace(90, 160, 480, dtype=np.float32), (270, 1))
        for person, (x, y) in people.items():
            part = image[y : y + 40, x : x + 40]
            part += texture(person)[: part.shape[0], : part.shape[1]]
            if part.size:
                part[:] = 120 + texture(person)[: part.shape[0], : part.shape[1]]
        return Grey(np.clip(image, 0, 255).astype(np.uint8), 1.0, self.time)

    def step(self, people=None, seen=None):
        """One frame; the detector sees all people but those that another one hides, or those that are named."""
        people = people or {}
        boxes = [Box(x, y, 40, 40) for x, y in people.values()]
        self.seen = [b for i, b in enumerate(boxes) if all(b.overlap(o) < 0.3 for o in boxes[i + 1 :])]
        if seen is not None:
            self.seen = seen
        grey = self.grey(people)
        self.tracker.follow(grey)
        finds = self.search.find(grey, self.tracker.known(self.time))
        if finds is not None:
            self.tracker.update(finds, grey)
        tracks = self.tracker.due_for_prediction(self.time, 0.1)
        rows = np.tile(np.float32([0.9, 0.1]), (len(tracks), 1))
        reading = Prediction(rows, np.full(len(tracks), self.no_face, np.float32))
        self.tracker.add_predictions(tracks, reading.probabilities, reading.no_face)
        self.time += 1 / FPS
        return self.tracker.faces(LABELS)

    def run(self, seconds, people=None, **others):
        return [self.step(people, **others) for _ in range(round(seconds * FPS))]


def numbers(faces):
    return [face.track for face in faces if face.fade == 1]


def hides(tracker: Tracker, place: Box) -> bool:
    return any(box.overlap(place) > 0.7 for box in tracker.doubtful())
