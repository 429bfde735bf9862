"""Places of labels and bars among many faces, as they are drawn."""

import random
from dataclasses import replace

import numpy as np
import pytest

from drawing.annotate import annotate
from drawing.bars import INSIDE
from drawing.labels import place_labels
from drawing.palette import GROUND
from drawing.placement import BETTER, GAP, Memory, Place, Rect, Wanted, arrange
from drawing.style import Style
from faces import EXPRESSIONS, Box, Face

ROOM = 1280, 720
STYLE = Style(720)
GREY = 90


def face(box: Box, track: int | None = None, expression: str = "happy", probability: float = 0.88) -> Face:
    rest = (1 - probability) / (len(EXPRESSIONS) - 1)
    return Face(box, EXPRESSIONS, tuple(probability if name == expression else rest for name in EXPRESSIONS), track)


def crowd(seed: int, count: int = 30, smallest: int = 20, largest: int = 100) -> list[Face]:
    """Faces at random that do not overlap."""
    dice, boxes = random.Random(seed), list[Box]()
    while len(boxes) < count:
        side = dice.randint(smallest, largest)
        box = Box(dice.randint(0, ROOM[0] - side), dice.randint(0, ROOM[1] - side), side, side)
        if all(box.overlap(other) == 0 for other in boxes):
            boxes.append(box)
    return [face(box, track, dice.choice(EXPRESSIONS), dice.uniform(0.2, 1)) for track, box in enumerate(boxes)]


def trembling(faces: list[Face], dice: random.Random) -> list[Face]:
    """The same faces, each edge of their boxes up to a pixel away."""
    moved = []
    for one in faces:
        x, y, width, height = (
            value + dice.randint(-1, 1) for value in (one.box.x, one.box.y, one.box.width, one.box.height)
        )
        moved.append(replace(one, box=Box(x, y, width, height)))
    return moved


def meet(one: Rect, other: Rect) -> bool:
    return one.left < other.right and other.left < one.right and one.top < other.bottom and other.top < one.bottom


def labels(faces: list[Face], memory: Memory | None = None) -> list[Place | None]:
    return place_labels(faces, STYLE, ROOM, (memory or Memory()).labels)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("smallest", "largest"), [(20, 100), (20, 30), (100, 110)])
def test_no_label_covers_a_face_or_another_label_or_leaves_the_picture(seed, smallest, largest):
    faces = crowd(seed, 30, smallest, largest)
    places = [place for place in labels(faces) if place]
    for index, place in enumerate(places):
        assert not any(meet(place.rect, Rect.of(one.box)) for one in faces)
        assert not any(meet(place.rect, other.rect) for other in places[:index])
        assert min(place.rect.left, place.rect.top) >= 0
        assert (place.rect.right <= ROOM[0], place.rect.bottom <= ROOM[1]) == (True, True)


@pytest.mark.parametrize("seed", range(20))
def test_of_thirty_faces_at_random_nearly_all_have_a_label_and_most_the_whole_one(seed):
    places = labels(crowd(seed))
    assert sum(place is not None for place in places) >= 28
    assert sum(place is not None and place.size == 0 for place in places) >= 15


def test_the_same_faces_are_labelled_alike_in_any_order():
    faces = crowd(1)
    ordered, turned = labels(faces), labels(faces[::-1])
    assert labels(faces) == ordered
    assert turned[::-1] == ordered


@pytest.mark.parametrize("seed", range(10))
def test_labels_of_trembling_boxes_move_with_them_and_never_jump(seed):
    faces, memory, dice = crowd(seed, 40), Memory(), random.Random(seed)
    labels(faces, memory)
    first = dict(memory.labels)
    assert len(first) == 40
    for _ in range(100):
        labels(trembling(faces, dice), memory)
        assert memory.labels == first


def test_bars_of_trembling_boxes_never_jump():
    faces, memory, dice = crowd(3, 12, 60, 100), Memory(), random.Random(3)
    image = np.full((ROOM[1], ROOM[0], 3), GREY, np.uint8)
    annotate(image, faces, bars=True, memory=memory)
    first = dict(memory.bars)
    assert len(first) > 4
    for _ in range(20):
        annotate(image, trembling(faces, dice), bars=True, memory=memory)
        assert memory.bars == first


def test_a_label_goes_back_above_its_face_only_when_there_is_plenty_of_room():
    one, memory, moved = Box(600, 300, 100, 100), Memory(), []
    high = labels([face(one, 1)])[0].rect
    for bottom in (high.top - GAP, high.top + 1, high.top - GAP, high.top - BETTER + 1, high.top - BETTER):
        other = face(Box(600, bottom - 80, 90, 80), 2)
        moved.append(labels([face(one, 1), other], memory)[0].rect.top > one.y)
        labels([face(one, 1), other], memory)  # each has its turn
    assert moved[:4] == [False, True, True, True]
    assert labels([face(one, 1), other], memory)[0].rect.top < one.y


def test_labels_stand_above_else_below_else_to_the_right_else_to_the_left():
    box = Box(600, 300, 60, 60)
    above, below = face(Box(500, 180, 260, 115)), face(Box(500, 365, 260, 300))
    right = face(Box(665, 296, 200, 68))
    rects = [labels([face(box), *others])[0].rect for others in ((), (above,), (above, below), (above, below, right))]
    assert rects[0].bottom == box.y
    assert rects[1].top == box.y + box.height
    assert rects[2].left == box.x + box.width
    assert rects[3].right == box.x


def test_a_label_lies_inside_only_where_a_large_face_leaves_no_room_around():
    place = labels([face(Box(0, 0, *ROOM))])[0]
    assert place.rect.top == 0
    small = face(Box(600, 300, 40, 40))
    around = [face(Box(x, y, 198, 138)) for x in (401, 601, 801) for y in (161, 341) if (x, y) != (601, 301)]
    assert labels([small, *around])[0] is None or labels([small, *around])[0].rect.bottom <= 300


def test_the_larger_face_chooses_first():
    large, small = face(Box(400, 300, 100, 100)), face(Box(510, 320, 60, 60))
    places = labels([small, large])
    assert places[1].rect.bottom == large.box.y
    assert places[0].rect.bottom != small.box.y


def test_where_room_is_scarce_labels_are_smaller_then_shorter_then_left_out():
    sizes = []
    for apart in (200, 150, 130, 110, 90, 70, 34):
        boxes = [Box(20 + apart * column, 20 + 45 * row, 30, 30) for column in range(6) for row in range(15)]
        middle = labels([face(box) for box in boxes])[15 * 2 + 3 : 15 * 3 - 3]
        sizes.append({place.size if place else None for place in middle})
    assert sizes[0] == {0}
    assert sizes[-1] == {None}
    assert any({1, 2} & each for each in sizes)
    assert {3} in sizes


def test_figures_that_change_move_no_label():
    memory = Memory()
    boxes = [Box(200 + 90 * place, 300, 60, 60) for place in range(8)]
    for probability in (0.99, 0.4, 1.0, 0.36):
        faces = [face(box, track, "sad", probability) for track, box in enumerate(boxes)]
        assert labels(faces, memory) == labels([face(box, None, "sad", 0.5) for box in boxes])


@pytest.mark.parametrize("seed", range(5))
def test_bars_cover_neither_faces_nor_labels(seed):
    image = np.full((ROOM[1], ROOM[0], 3), GREY, np.uint8)
    faces = crowd(seed)
    plain, drawn = annotate(image, faces), annotate(image, faces, bars=True)
    painted = (plain != GREY).any(axis=2)
    assert np.array_equal(plain[painted], drawn[painted]), "boxes and labels are as without bars"
    for one in faces:
        inside = np.s_[one.box.y : one.box.y + one.box.height, one.box.x : one.box.x + one.box.width]
        assert np.array_equal(plain[inside], drawn[inside])
    assert (drawn == GROUND).all(axis=2).sum() > 20_000, "some bars have room"


def test_bars_lie_inside_a_face_that_fills_the_picture_and_not_inside_a_small_one():
    image = np.full((ROOM[1], ROOM[0], 3), GREY, np.uint8)
    whole = annotate(image, [face(Box(0, 0, *ROOM))], bars=True)
    chart = (whole == GROUND).all(axis=2)
    assert chart[ROOM[1] // 2 :].sum() > 5000
    assert chart.sum() < ROOM[0] * ROOM[1] / INSIDE / 2


def test_without_faces_there_is_nothing_to_place():
    assert labels([]) == []


def test_a_face_that_has_gone_is_forgotten():
    memory = Memory()
    faces = crowd(0, 5)
    labels(faces, memory)
    labels(faces[1:3], memory)
    assert set(memory.labels) == {1, 2}


def test_what_fits_nowhere_has_no_place():
    wanted = Wanted(Box(10, 10, 5, 5), ((40, 10),))
    assert arrange([wanted], [Rect(0, 0, 100, 100)], (100, 100), lambda *_: [(15, 10), (0, 0), None]) == [None]
    assert arrange([wanted], [], (30, 30), lambda *_: [(15, 10), (0, 0), None]) == [None]
    assert arrange([wanted], [], (100, 100), lambda *_: [(15, 10), (0, 0), None]) == [Place(Rect(15, 10, 55, 20), 0)]
