import numpy as np
import pytest

from faces import Box, joined
from model import Prediction
from tracking.following import Grey
from tracking.searching import Search, SearchResult
from tracking.track import FADE_FOR
from tracking.tracker import CHECK_EVERY, DOUBTFUL, REJECT_FOR, REMEMBER_FOR, SEEK_EVERY, SURE, Tracker

LABELS = ("calm", "tense")
FPS = 30


def texture(person: int) -> np.ndarray:
    """What only this person looks like, (40, 40) float32."""
    coarse = np.random.default_rng(person).uniform(-60, 60, (8, 8)).astype(np.float32)
    return np.kron(coarse, np.ones((5, 5), np.float32))


class Stage:
    """Frames with textures for faces, a detector that sees them, a tracker that is told of it."""

    search_width = 480

    def __init__(self, smoothing=0.4, threshold=None, every=0.4, sure=30):
        self.tracker = Tracker(smoothing, threshold)
        self.search = Search(self, every)
        self.sure = sure
        self.seen: list[Box] = []
        self.jitter = lambda box: box
        self.checks = 0
        self.time = 0.0
        self.no_face = 0.0

    def detect_new(self, image, area=None, known=()):
        return [(box, self.sure) for box in joined([], self.seen) if all(box.overlap(k) < 0.2 for k in known)]

    def detect_near(self, image, known):
        self.checks += 1
        near = max(self.seen, key=known.overlap, default=None)
        return self.jitter(near) if near is not None and near.overlap(known) > 0.3 else None

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
        """One frame; Haar sees all people but those that another one hides, or those that are named."""
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


def test_no_faces_make_no_tracks():
    assert Stage().run(0.5) == [()] * 15


def test_a_sure_find_is_shown_at_once_and_any_other_in_the_next_frame():
    assert [numbers(faces) for faces in Stage().run(0.1, {1: (100, 100)})] == [[1]] * 3
    assert [numbers(faces) for faces in Stage(sure=6).run(0.1, {1: (100, 100)})] == [[], [1], [1]]


def test_an_unsure_find_of_a_single_frame_is_never_shown():
    stage = Stage(sure=6, every=0)
    for _ in range(5):
        assert stage.step({}, seen=[Box(100, 100, 40, 40)]) == ()
        assert stage.step({}, seen=[]) == ()


def test_a_face_is_followed_between_the_checks_of_haar_which_are_few():
    stage = Stage()
    for number in range(60):
        x = 100 + 4 * number
        faces = stage.step({1: (x, 100)})
        assert numbers(faces) == [1]
        assert faces[0].box.overlap(Box(x, 100, 40, 40)) > 0.85
    assert stage.checks < 2 + 60 / FPS / CHECK_EVERY + 2


def test_a_face_that_haar_does_not_see_for_a_while_is_held_as_long_as_it_looks_the_same():
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    for faces in stage.run(1.0, {1: (100, 100)}, seen=[]):
        assert numbers(faces) == [1]
    assert stage.run(2.5, {1: (100, 100)}, seen=[])[-1] == ()


def test_a_face_is_not_lost_because_haar_has_had_no_time_to_look():
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    stage.search.find = lambda grey, known: None
    assert all(numbers(faces) == [1] for faces in stage.run(4, {1: (100, 100)}))


def test_a_face_that_goes_fades_and_is_gone():
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    fades = [faces[0].fade if faces else 0.0 for faces in stage.run(FADE_FOR + 0.2)]
    assert fades == sorted(fades, reverse=True)
    assert 0.3 < fades[6] < 0.8
    assert fades[-1] == 0


@pytest.mark.parametrize(("away", "number"), [(0.8, 1), (REMEMBER_FOR + 0.5, 2)])
def test_a_face_keeps_its_number_through_a_short_absence_only(away, number):
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    stage.run(away)
    assert numbers(stage.run(0.7, {1: (130, 100)})[-1]) == [number]


def test_it_is_told_how_long_a_face_has_been_in_view_over_short_absences_and_anew_after_long_ones():
    stage = Stage()
    for number in range(15):
        assert stage.step({1: (100, 100)})[0].seconds == pytest.approx(number / FPS)
    assert max(faces[0].seconds for faces in stage.run(0.3)) < 0.55, "time goes on for a face that is lost"
    assert stage.run(0.7, {1: (110, 100)})[-1][0].seconds == pytest.approx(1.5 - 1 / FPS)
    stage.run(REMEMBER_FOR + 0.5)
    assert stage.run(0.5, {1: (110, 100)})[-1][0].seconds < 0.6


def test_another_face_in_the_place_of_a_lost_one_gets_a_number_of_its_own():
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    stage.run(0.5)
    assert numbers(stage.run(0.7, {2: (100, 100)})[-1]) == [2]


@pytest.mark.parametrize("speed", [60, 120, 240])
def test_two_faces_that_cross_keep_their_numbers(speed):
    stage = Stage()
    frames = round(280 / speed * FPS)
    for frame in range(frames):
        shift = round(frame * speed / FPS)
        faces = stage.step({1: (100 + shift, 100), 2: (380 - shift, 100)})
        if frame == 5:
            first = {face.track: face.box.x < 240 for face in faces}
    last = {face.track: face.box.x < 240 for face in faces}
    assert len(first) == 2
    assert last == {number: not left for number, left in first.items()}


def test_boxes_jitter_far_less_than_what_haar_finds():
    rng = np.random.default_rng(0)
    stage = Stage()
    stage.jitter = lambda box: Box(box.x + int(rng.integers(-2, 3)), box.y, 40 + int(rng.integers(-2, 3)), 40)
    boxes = [faces[0].box for faces in stage.run(6, {1: (100, 100)})]
    assert np.abs(np.diff([box.x for box in boxes])).mean() < 0.2, "finds themselves move by 1.6 pixels a frame"
    assert np.abs(np.diff([box.width for box in boxes])).mean() < 0.2
    assert boxes[-1].overlap(Box(100, 100, 40, 40)) > 0.85


def test_a_find_in_an_older_frame_is_brought_to_where_the_face_is_now():
    stage = Stage()
    then = stage.grey({1: (100, 100)})
    stage.seen = [Box(100, 100, 40, 40)]
    finds = stage.search.find(then, [])
    stage.time += 2 / FPS
    now = stage.grey({1: (108, 104)})
    stage.tracker.update(finds, now)
    (known,) = stage.tracker.known(stage.time)
    assert known.box.overlap(Box(108, 104, 40, 40)) > 0.9


def test_a_find_that_looks_like_no_face_is_never_shown_and_its_place_left_alone_for_a_while():
    stage = Stage(threshold=0.5)
    stage.no_face = 0.9
    searches = []
    for _ in range(round(2.5 * FPS)):
        assert stage.step({1: (100, 100)}) == ()
        searches.append(stage.checks)
    read = stage.tracker._next - 1
    assert 2 <= read <= 1 + 2.5 / REJECT_FOR, "it was taken up again and again"


def test_one_reading_that_sees_no_face_takes_no_box_away():
    stage = Stage(threshold=0.5)
    stage.run(1, {1: (100, 100)})
    stage.no_face = 0.7
    assert numbers(stage.step({1: (100, 100)})) == [1]
    stage.no_face = 0.0
    assert all(numbers(faces) == [1] for faces in stage.run(1, {1: (100, 100)}))


def test_a_track_that_turns_out_no_face_fades():
    stage = Stage(threshold=0.5)
    stage.run(1, {1: (100, 100)})
    stage.no_face = 0.95
    fades = [faces[0].fade if faces else 0.0 for faces in stage.run(1.4, {1: (100, 100)})]
    assert fades[0] == 1
    assert 0 in fades
    assert any(0 < fade < 1 for fade in fades)


def test_a_first_doubt_delays_a_face_but_does_not_refuse_it():
    stage = Stage(threshold=0.5)
    stage.no_face = 0.7
    assert stage.step({1: (100, 100)}) == ()
    stage.no_face = 0.05
    assert numbers(stage.run(DOUBTFUL / FPS, {1: (100, 100)})[-1]) == [1]


def test_faces_tell_the_label_that_is_held():
    (face,) = Stage().run(0.5, {1: (100, 100)})[-1]
    assert face.expression == face.held == "calm"
    assert face.confidence == pytest.approx(0.9, abs=0.02)


def hides(tracker: Tracker, place: Box) -> bool:
    return any(box.overlap(place) > 0.7 for box in tracker.doubtful())


def test_a_face_is_doubtful_from_its_first_find_until_it_is_shown():
    stage, place = Stage(sure=5), Box(100, 100, 40, 40)
    assert stage.step({1: (100, 100)}) == ()
    assert hides(stage.tracker, place)
    until_shown = [bool(stage.step({1: (100, 100)})) or hides(stage.tracker, place) for _ in range(10)]
    assert all(until_shown)
    assert stage.tracker.doubtful() == ()


def test_a_find_that_is_missed_once_stays_doubtful_for_a_while():
    stage, place = Stage(sure=5), Box(100, 100, 40, 40)
    stage.step({1: (100, 100)})
    stage.run(REMEMBER_FOR - 0.2, {1: (100, 100)}, seen=[])
    assert hides(stage.tracker, place)
    stage.run(0.4, {1: (100, 100)}, seen=[])
    assert not hides(stage.tracker, place)


def test_a_lost_face_is_doubtful_where_it_was_and_where_it_should_be_once_it_has_faded():
    stage = Stage()
    for number in range(30):
        stage.step({1: (100 + 2 * number, 100)})
    stage.run(FADE_FOR + 0.5, {}, seen=[])
    faded = stage.tracker.doubtful()
    assert len(faded) >= 2
    assert any(abs(box.x - 160) < 15 for box in faded)
    assert any(box.x > 175 for box in faded)
    stage.run(REMEMBER_FOR, {}, seen=[])
    assert stage.tracker.doubtful() == ()


def test_a_time_constant_nobody_wants_any_more_is_forgotten_and_begins_anew_where_the_usual_one_is():
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    (usual,) = stage.tracker.faces(LABELS)
    assert stage.tracker.smoothed(LABELS, {0.4}) == {}, "the usual one costs nothing twice"
    (slow,) = stage.tracker.smoothed(LABELS, {0.4, 3.0})[3.0]
    assert slow == usual
    stage.tracker.smoothed(LABELS, ())
    assert stage.tracker.smoothed(LABELS, {3.0})[3.0] == (usual,)


def known_at(stage: Stage, seconds: float):
    """The only face as it is told to the search when so much time has passed since the last frame."""
    (known,) = stage.tracker.known(stage.time - 1 / FPS + seconds)
    return known


def test_haar_is_asked_again_when_its_time_has_come_and_of_a_lost_face_more_often():
    stage = Stage(every=100)
    stage.run(0.5, {1: (100, 100)})
    track = stage.tracker._tracks[0]
    track.checked_at = stage.time - 1 / FPS
    assert [known_at(stage, seconds).wanted for seconds in (CHECK_EVERY - 0.01, CHECK_EVERY + 0.01)] == [False, True]
    assert known_at(stage, 0).in_sight
    track.likeness = SURE - 0.01
    assert known_at(stage, 0).wanted, "its look has changed"
    track.likeness, track.leaps = SURE, True
    assert known_at(stage, 0).wanted, "it was found far beside"
    track.leaps, track.votes = False, 1
    assert known_at(stage, 0).wanted, "it is not confirmed yet"
    track.votes = 9
    assert not known_at(stage, 0).wanted
    track.lose()
    assert [known_at(stage, seconds).wanted for seconds in (SEEK_EVERY - 0.01, SEEK_EVERY + 0.01)] == [False, True]
    assert not known_at(stage, 0).in_sight


def test_expressions_are_predicted_at_first_in_each_frame_and_then_as_often_as_asked():
    stage = Stage()
    readings = []
    for _ in range(30):
        stage.step({1: (100, 100), 2: (300, 100)})
        readings.append([track.predictions for track in stage.tracker._tracks])
    assert readings[:DOUBTFUL] == [[1, 1], [2, 2], [3, 3]]
    assert readings[-1] == [DOUBTFUL + 9] * 2, "every third frame, both together"
    assert stage.tracker.due_for_prediction(stage.time - 1 / FPS, 100) == []


def test_a_face_that_went_out_of_the_picture_is_lost_at_once():
    stage = Stage()
    for number in range(40):
        faces = stage.step({1: (max(-30, 60 - 4 * number), 100)}, seen=None if number < 15 else [])
    assert numbers(faces) == []
    stage.run(0.3, {})
    assert all(track.lost_at is not None for track in stage.tracker._tracks)


@pytest.mark.parametrize(("away", "number"), [((150, 100), 1), ((100, 160), 1), ((280, 100), 2), ((100, 230), 2)])
def test_a_lost_face_gets_its_number_back_no_farther_away_than_people_walk(away, number):
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    stage.run(0.4, {})
    assert numbers(stage.run(0.7, {1: away})[-1]) == [number]


def test_a_lost_face_moves_on_as_it_did():
    stage = Stage()
    for number in range(30):
        stage.step({1: (100 + 3 * number, 150 - number)})
    stage.run(0.5, {}, seen=[])
    (track,) = stage.tracker._tracks
    frames = (stage.time - 1 / FPS - track.lost_at) * FPS
    assert track.box.x - track.lost_box.x == pytest.approx(3 * frames, rel=0.2)
    assert track.box.y - track.lost_box.y == pytest.approx(-frames, rel=0.25)
    assert frames > 10


def test_a_find_on_a_face_that_is_followed_makes_no_second_one():
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    for box, tracks in ((Box(110, 105, 40, 40), 1), (Box(145, 100, 40, 40), 2)):
        grey = stage.grey({1: (100, 100)})
        stage.tracker.update(SearchResult(grey, new=[(box, 2)]), grey)
        assert len(stage.tracker._tracks) == tracks


def test_a_correction_is_shown_little_by_little_and_in_the_end_whole():
    stage = Stage(every=100)
    stage.run(0.5, {1: (100, 100)})
    grey = stage.grey({1: (100, 100)})
    (track,) = stage.tracker._tracks
    before, known = track.box, stage.tracker.known(stage.time)
    stage.tracker.update(SearchResult(grey, again=[(known[0], Box(112, 100, 48, 48))]), grey)
    assert track.leaps
    assert track.edges == pytest.approx([112, 100, 48, 48], abs=1)
    assert track.box == before, "nothing jumps"
    track.easing *= 0.5
    assert track.box.x == pytest.approx(106, abs=1)
    shown = [stage.step({1: (100, 100)}, seen=[Box(112, 100, 48, 48)])[0].box.width for _ in range(20)]
    assert shown == sorted(shown)
    assert shown[-1] == pytest.approx(48, abs=1)


def test_small_jitter_of_a_find_is_given_in_to_by_the_time_since_the_last():
    stage = Stage(every=100)
    stage.run(0.5, {1: (100, 100)})
    (track,) = stage.tracker._tracks
    track.found_at = stage.time - 0.25
    grey = stage.grey({1: (100, 100)})
    edges, votes = track.edges.copy(), track.votes
    stage.tracker.update(SearchResult(grey, again=[(stage.tracker.known(stage.time)[0], Box(103, 100, 40, 40))]), grey)
    assert not track.leaps
    assert track.edges[0] - edges[0] == pytest.approx(3 * (1 - np.exp(-1)), abs=0.4)
    assert (track.found_at, track.votes) == (grey.position, votes + 1)


def test_of_two_that_come_to_lie_on_one_place_the_less_certain_is_lost():
    stage = Stage(every=100)
    stage.run(0.5, {1: (100, 100), 2: (200, 100)})
    first, second = stage.tracker._tracks
    second.edges = first.edges + np.array([2, 0, 0, 0])
    second.appearance = None  # as behind another
    second.likeness = 0.6
    stage.step({1: (100, 100)}, seen=[])
    assert first.lost_at is None
    assert second.lost_at == pytest.approx(stage.time - 1 / FPS)


def test_what_turned_out_no_face_is_hidden_and_left_alone_for_its_time():
    stage = Stage(threshold=0.5)
    stage.no_face = 0.95
    place = Box(100, 100, 40, 40)
    stage.run(DOUBTFUL / FPS, {1: (100, 100)})
    assert stage.tracker._tracks == []
    rejected_at = stage.time - 1 / FPS
    assert hides(stage.tracker, place)
    while not stage.tracker._tracks:
        assert stage.time < 3
        stage.step({1: (100, 100)})
    assert stage.time - rejected_at >= REJECT_FOR


def test_a_doubt_at_the_limit_is_none():
    stage = Stage(threshold=0.5)
    stage.no_face = 0.5
    assert numbers(stage.step({1: (100, 100)})) == [1]
