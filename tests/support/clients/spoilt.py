"""Files that have gone wrong in every way: whole ones of every format, cut, flipped, spliced and overwritten."""

from hypothesis import strategies as st

NASTY = (
    b"\x00" * 8,
    b"\xff" * 8,
    b"\x7f\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\xff\xda",
    b"\xff\xd8\xff",
    b"IDAT",
    b"moov",
)


@st.composite
def spoilt(draw, seeds: list[bytes]) -> bytes:
    """One of some files after one to four mishaps; mostly near its start, where its head is."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        draw(st.sampled_from(MISHAPS))(draw, data, _place(draw, len(data)), seeds)
    return bytes(data)


def _place(draw, size: int) -> int:
    return draw(st.integers(0, min(size, 80)) | st.integers(0, max(size, 1)))


def cut(_draw, data, place, _seeds):
    del data[place:]


def flip(draw, data, place, _seeds):
    if data:
        data[min(place, len(data) - 1)] ^= 1 << draw(st.integers(0, 7))


def write(draw, data, place, _seeds):
    patch = draw(st.sampled_from(NASTY) | st.binary(max_size=16))
    data[place : place + len(patch)] = patch


def write_length(draw, data, place, _seeds):
    size, order = draw(st.sampled_from((2, 4, 8))), draw(st.sampled_from(("big", "little")))
    data[place : place + size] = draw(st.integers(0, 256**size - 1)).to_bytes(size, order)


def drop(draw, data, place, _seeds):
    del data[place : place + draw(st.integers(1, 64))]


def repeat(draw, data, place, _seeds):
    data[place:place] = data[place : place + draw(st.integers(1, 64))] * draw(st.integers(1, 50))


def splice(draw, data, place, seeds):
    other = draw(st.sampled_from(seeds))
    data[place:] = other[_place(draw, len(other)) :]


MISHAPS = (cut, flip, write, write_length, drop, repeat, splice)
