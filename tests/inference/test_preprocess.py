import cv2
import numpy as np
import pytest

from errors import ImageError
from faces import Box
from inference.preprocess import InputSpec, crop_faces, fit_image

GREY = InputSpec(48, 48, 1)


def gradient(height=120, width=160):
    """A picture in which every pixel tells its own place: blue its column, green its row."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([columns, rows, np.full_like(rows, 7)], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_no_boxes_give_an_empty_batch(channels):
    batch = crop_faces(gradient(), [], InputSpec(40, 30, channels))
    assert batch.shape == (0, 30, 40, channels)
    assert batch.dtype == np.float32


def test_a_crop_of_the_networks_size_is_the_box_itself():
    image = gradient()[:, :, 0]
    crop = crop_faces(image, [Box(10, 20, 48, 48)], GREY)[0, :, :, 0]
    np.testing.assert_array_equal(crop, image[20:68, 10:58])


def test_a_colour_network_gets_red_green_blue():
    crop = crop_faces(gradient(), [Box(10, 20, 48, 48)], InputSpec(48, 48, 3))[0]
    np.testing.assert_array_equal(crop[0, 0], [7, 20, 10])


def test_a_grey_network_gets_opencvs_grey_of_a_colour_picture():
    image = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    crop = crop_faces(image, [Box(0, 0, 48, 48)], GREY)[0, :, :, 0]
    np.testing.assert_array_equal(crop, cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 1)])
def test_a_grey_picture_fills_all_colours(shape):
    image = np.arange(48 * 48).reshape(shape).astype(np.uint8)
    crop = crop_faces(image, [Box(0, 0, 48, 48)], InputSpec(48, 48, 3))[0]
    for channel in range(3):
        np.testing.assert_array_equal(crop[:, :, channel], image.reshape(48, 48))


@pytest.mark.parametrize(
    ("box", "corner", "value"),
    [
        (Box(-20, 30, 48, 48), (5, 0), 0),
        (Box(140, 30, 48, 48), (5, 47), 159),
        (Box(300, 30, 48, 48), (5, 5), 159),
        (Box(-300, -300, 48, 48), (47, 47), 0),
    ],
    ids=["left", "right", "far right", "far away"],
)
def test_beyond_the_edge_the_border_is_repeated(box, corner, value):
    crop = crop_faces(gradient()[:, :, 0], [box], GREY)[0, :, :, 0]
    assert crop[corner] == value


def test_boxes_over_the_upper_and_lower_edge_repeat_rows():
    rows = gradient()[:, :, 1]
    above, below = crop_faces(rows, [Box(30, -10, 48, 48), Box(30, 100, 48, 48)], GREY)[..., 0]
    np.testing.assert_array_equal(above[:, 3], [0] * 10 + list(range(38)))
    np.testing.assert_array_equal(below[:, 3], list(range(100, 120)) + [119] * 28)


def test_fine_patterns_are_averaged_not_aliased():
    checks = (np.indices((480, 480)).sum(axis=0) % 2 * 255).astype(np.uint8)
    crop = crop_faces(checks, [Box(0, 0, 480, 480)], GREY)
    assert abs(crop.mean() - 127.5) < 1
    assert crop.std() < 1


def test_scale_widens_around_the_centre_and_shift_lowers():
    image = gradient()
    spec = InputSpec(60, 60, 3, crop_scale=1.5, crop_shift=0.25)
    crop = crop_faces(image, [Box(50, 40, 40, 40)], spec)[0]
    assert crop[0, 0, 2] == 50 - 10  # columns from 40 to 99
    assert crop[0, 0, 1] == 40 - 10 + 10  # rows from 40 to 99
    assert crop[59, 59, 2] == 99
    assert crop[59, 59, 1] == 99


@pytest.mark.parametrize("spec", [InputSpec(48, 48, 1), InputSpec(64, 32, 1)], ids=["square", "wide"])
def test_a_face_keeps_its_proportions_whatever_the_box(spec):
    image = np.zeros((200, 300), np.uint8)
    cv2.circle(image, (150, 100), 20, 255, -1)
    crop = crop_faces(image, [Box(130, 60, 40, 80)], spec)[0, :, :, 0] > 127
    across, down = np.ptp(np.flatnonzero(crop.any(axis=0))), np.ptp(np.flatnonzero(crop.any(axis=1)))
    assert abs(across - down) <= 1


def test_faces_stay_in_order():
    image = gradient()[:, :, 0]
    batch = crop_faces(image, [Box(100, 0, 10, 10), Box(10, 0, 10, 10), Box(50, 0, 10, 10)], GREY)
    means = batch.mean(axis=(1, 2, 3))
    assert means[1] < means[2] < means[0]


def test_a_whole_picture_is_fitted_without_distortion():
    image = np.zeros((100, 50), np.uint8)
    cv2.circle(image, (25, 50), 20, 255, -1)
    fitted = fit_image(image, InputSpec(48, 48, 1, crop_scale=1.2, crop_shift=0.1))
    assert fitted.shape == (48, 48, 1)
    bright = fitted[:, :, 0] > 127
    assert abs(int(bright.any(axis=0).sum()) - int(bright.any(axis=1).sum())) <= 1
    assert abs(np.flatnonzero(bright.any(axis=1)).mean() - 23.5) <= 1  # crop geometry is for detector boxes alone


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10, 10), np.float32),
        np.zeros((0, 10, 3), np.uint8),
        np.zeros(10, np.uint8),
    ],
    ids=["four channels", "floats", "no rows", "one dimension"],
)
def test_what_is_no_picture_is_refused_with_its_shape(image):
    with pytest.raises(ImageError, match=r"expected a uint8 picture .* got \w+ \("):
        crop_faces(image, [Box(0, 0, 5, 5)], GREY)


def test_a_box_that_dwarfs_the_picture_is_refused():
    with pytest.raises(ImageError, match="100000x100000"):
        crop_faces(gradient(), [Box(0, 0, 100000, 100000)], GREY)


@pytest.mark.parametrize("values", [(0, 48, 1), (48, 48, 2), (48, 48, 1, 0.0), (48, 48, 1, float("nan"))])
def test_an_impossible_input_is_refused(values):
    with pytest.raises(ValueError, match="expected"):
        InputSpec(*values)


def test_the_smallest_input_is_one_pixel_and_its_shape_is_height_width_channels():
    assert InputSpec(1, 1, 1).shape == (1, 1, 1)
    assert InputSpec(40, 30, 3).shape == (30, 40, 3)


def test_a_box_is_widened_to_the_networks_proportions_and_never_cut():
    image = gradient()[:, :, 0]
    for spec, columns in ((InputSpec(40, 20, 1), (30, 69)), (InputSpec(20, 20, 1), (40, 59))):
        crop = crop_faces(image, [Box(40, 50, 20, 20)], spec)[0, :, :, 0]
        assert (crop[0, 0], crop[0, -1]) == columns
    rows = gradient()[:, :, 1]
    crop = crop_faces(rows, [Box(40, 50, 20, 20)], InputSpec(20, 40, 1))[0, :, :, 0]
    assert (crop[0, 0], crop[-1, 0]) == (40, 79)


def test_a_crop_that_ends_at_the_pictures_edges_is_the_picture():
    image = gradient()[:, :, 0]
    whole = crop_faces(image, [Box(0, 0, 160, 120)], InputSpec(160, 120, 1))[0, :, :, 0]
    np.testing.assert_array_equal(whole, image)


def test_a_box_of_a_pixel_is_enlarged_evenly():
    crop = crop_faces(gradient()[:, :, 0], [Box(33, 20, 1, 1)], GREY)[0]
    assert (crop == 33).all()


def test_small_faces_are_enlarged_smoothly_and_large_ones_averaged():
    stripes = np.tile(np.uint8([0, 200]), (24, 12))
    enlarged = crop_faces(stripes, [Box(0, 0, 24, 24)], GREY)[0, :, :, 0]
    assert len(np.unique(enlarged)) > 2, "linear, not by the nearest pixel"
    high = np.zeros((96, 24), np.uint8)
    high[::2] = 200
    reduced = crop_faces(high, [Box(0, 0, 24, 96)], InputSpec(24, 48, 1))[0, :, :, 0]
    assert np.abs(reduced[:, 12] - 100).max() <= 1


@pytest.mark.parametrize(("side", "fits"), [(64, True), (65, False)])
def test_a_crop_may_be_four_times_as_large_as_the_picture(side, fits):
    tiny = np.full((10, 16), 9, np.uint8)
    if fits:
        assert (crop_faces(tiny, [Box(0, 0, side, side)], GREY) == 9).all()
    else:
        with pytest.raises(ImageError, match="a crop of 65x65 pixels does not fit a picture of 16x10"):
            crop_faces(tiny, [Box(0, 0, side, side)], GREY)
