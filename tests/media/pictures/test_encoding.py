import io

import numpy as np
import pytest
from PIL import Image

from errors import ImageError
from media.sandbox.decoding import read_picture

RED = (200, 30, 40)


def encode_picture(
    mode: str = "RGB", form: str = "PNG", colour: object = RED, size: tuple[int, int] = (40, 20), **options
) -> bytes:
    data = io.BytesIO()
    Image.new(mode, size, colour).save(data, form, **options)
    return data.getvalue()


@pytest.mark.parametrize(("form", "tolerance"), [("PNG", 0), ("JPEG", 4), ("WEBP", 8), ("BMP", 0), ("TIFF", 0)])
def test_common_formats_come_out_blue_green_red(form, tolerance):
    image = read_picture(encode_picture(form=form))
    assert image.shape == (20, 40, 3)
    assert image.dtype == np.uint8
    assert np.abs(image[5, 5].astype(int) - RED[::-1]).max() <= tolerance


def test_a_photo_is_turned_upright_by_its_orientation():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read_picture(encode_picture(form="JPEG", exif=exif)).shape == (40, 20, 3)


def test_see_through_pixels_become_white():
    image = read_picture(encode_picture("RGBA", colour=(*RED, 0)))
    assert (image == 255).all()


@pytest.mark.parametrize(("mode", "form", "colour", "expected"), [("L", "PNG", 90, 90), ("I;16", "PNG", 32768, 127)])
def test_grey_pictures_of_8_and_16_bit_keep_their_brightness(mode, form, colour, expected):
    assert abs(int(read_picture(encode_picture(mode, form, colour))[3, 3, 0]) - expected) <= 1


def test_cmyk_becomes_colour():
    image = read_picture(encode_picture("CMYK", "JPEG", (0, 255, 255, 0)))
    blue, green, red = image[5, 5].astype(int)
    assert red > 180
    assert max(blue, green) < 80


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_is_cut_off_is_refused(form):
    noise = np.random.default_rng(0).integers(0, 255, (80, 80, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(noise).save(data, form)
    with pytest.raises(ImageError, match=r"holiday: .*(cut off|damaged|no picture)"):
        read_picture(data.getvalue()[: len(data.getvalue()) // 2], name="holiday")


def test_bytes_that_are_no_picture_are_refused_with_what_was_expected(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(ImageError, match=r"notes.txt: it is no picture; expected JPEG, PNG"):
        read_picture(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ImageError, match="there is no such file"):
        read_picture(tmp_path / "gone.jpg")


def test_too_many_pixels_are_refused_before_they_are_decoded():
    with pytest.raises(ImageError, match="40x20 pixels, expected at most 100"):
        read_picture(encode_picture(), limit=100)


def test_a_format_that_is_run_rather_than_read_is_refused():
    with pytest.raises(ImageError, match="it is no picture"):
        read_picture(encode_picture(form="EPS"))
