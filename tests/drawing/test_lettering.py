import numpy as np
import pytest

from drawing.lettering import paste, text_image

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def test_plates_grow_with_their_text_and_size():
    short, long, large = (
        text_image("sad", 20, BLACK, WHITE),
        text_image("surprise", 20, BLACK, WHITE),
        text_image("sad", 40, BLACK, WHITE),
    )
    assert long.shape[1] > short.shape[1] + 20
    assert large.shape[0] > 1.8 * short.shape[0]


def test_letters_are_smooth_and_in_the_colours_asked_for():
    made = text_image("sad", 30, (250, 0, 0), (0, 0, 250), padding=4)
    assert tuple(made[0, 0]) == (0, 0, 250)
    assert (made == (250, 0, 0)).all(axis=2).any()
    assert ((made[..., 0] > 60) & (made[..., 0] < 190)).any(), "no step between letter and ground"


def test_all_of_a_text_is_on_its_plate():
    made = text_image("jgqÄ", 40, BLACK, WHITE, padding=6)
    assert (made[:2] == 255).all()
    assert (made[-2:] == 255).all()
    assert (made[:, :2] == 255).all()
    assert (made[:, -2:] == 255).all()


def test_a_plate_is_made_once_and_cannot_be_written_to():
    made = text_image("sad", 20, BLACK, WHITE)
    assert text_image("sad", 20, BLACK, WHITE) is made
    with pytest.raises(ValueError, match="read-only"):
        made[0, 0] = 0


@pytest.mark.parametrize(
    ("place", "pixels"), [((0, 0), 9), ((-2, 2), 2), ((3, 3), 1), ((-3, 0), 0), ((4, 0), 0), ((0, -9), 0)]
)
def test_what_is_pasted_over_the_edge_is_cut(place, pixels):
    image = np.zeros((4, 4, 3), np.uint8)
    paste(image, np.full((3, 3, 3), 9, np.uint8), *place)
    assert (image > 0).sum() == 3 * pixels


def test_what_is_pasted_with_half_the_opacity_is_mixed_with_what_is_below():
    image = np.full((4, 4, 3), 100, np.uint8)
    paste(image, np.full((3, 3, 3), 200, np.uint8), 2, 2, opacity=0.5)
    assert (image[2:, 2:] == 150).all()
    assert (image[:2] == 100).all()
