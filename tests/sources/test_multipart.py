import pytest

from errors import SourceError
from sources.multipart import HEAD_LIMIT, MultipartParser

JPEGS = [b"\xff\xd8 one \r\n\r\n two \xff\xd9", b"\xff\xd8three\xff\xd9", b"\xff\xd8" + bytes(300) + b"\xff\xd9"]


def stream(head: bytes, newline: bytes = b"\r\n", between: bytes = b"\r\n") -> bytes:
    """A stream of JPEGS, LENGTH in the head replaced by each one's own; then the next boundary."""
    body = b"".join(head.replace(b"LENGTH", b"%d" % len(jpeg)) + newline * 2 + jpeg + between for jpeg in JPEGS)
    return body + head.split(newline)[0] + newline


def fed(data: bytes, size: int) -> list[bytes]:
    parts = MultipartParser()
    return [part for at in range(0, len(data), size) for part in parts.feed(data[at : at + size])]


STREAMS = {
    "as most send it": stream(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: LENGTH"),
    "small letters": stream(b"--frame\r\ncontent-length:LENGTH\r\ncontent-type:image/jpeg"),
    "bare newlines": stream(b"--frame\nContent-Length: LENGTH", b"\n", b"\n"),
    "no newline after the picture": stream(b"--frame\r\nContent-Length: LENGTH", between=b""),
    "no length": stream(b"--myboundary\r\nContent-Type: image/jpeg"),
    "a length that is none": stream(b"--myboundary\r\nContent-Length: unknown"),
    "a boundary with dashes of its own": stream(b"----cam--\r\nContent-Type: image/jpeg"),
    "an opening newline": b"\r\n" + stream(b"--frame\r\nContent-Length: LENGTH"),
}


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("data", STREAMS.values(), ids=STREAMS.keys())
def test_parts_come_out_whole_however_a_camera_writes_them_and_they_arrive(data, size):
    assert fed(data, size) == JPEGS


def test_a_part_comes_as_soon_as_its_last_byte_has():
    head = b"--frame\r\nContent-Length: 5\r\n\r\n"
    parts = MultipartParser()
    assert parts.feed(head + b"1234") == []
    assert parts.feed(b"5") == [b"12345"]


def test_nothing_is_kept_of_parts_that_were_given_out():
    parts = MultipartParser()
    for _ in range(100):
        parts.feed(STREAMS["as most send it"])
    assert len(parts._buffer) < 100


def test_what_is_no_stream_of_parts_is_refused_before_it_fills_the_memory(monkeypatch):
    with pytest.raises(SourceError, match="without the end of a picture"):
        MultipartParser().feed(b"x" * (HEAD_LIMIT + 1))
    monkeypatch.setattr("sources.multipart.PART_LIMIT", 1000)
    with pytest.raises(SourceError, match="without the end of a picture, expected a stream of JPEGs"):
        MultipartParser().feed(b"--frame\r\nContent-Length: 2000\r\n\r\n" + bytes(1001))


@pytest.mark.parametrize("size", [1, 100])
def test_a_boundary_at_the_very_beginning_of_a_body_ends_an_empty_part(size):
    assert fed(b"--frame\r\n\r\n--frame\r\n\r\nab\r\n--frame", size) == [b"", b"ab"]


def test_a_boundary_that_comes_byte_by_byte_is_not_searched_for_in_all_that_was_there_before():
    parts = MultipartParser()
    parts.feed(b"--frame\r\n\r\n" + bytes(5000))
    assert parts._searched == 5000 - len(b"--frame")
    assert [part for byte in b"\r\n--frame" for part in parts.feed(bytes([byte]))] == [bytes(5000)]


@pytest.mark.parametrize("length", [b"5", b" 5 ", b"\t5"])
def test_a_length_is_read_whatever_stands_around_it(length):
    assert MultipartParser().feed(b"--frame\nContent-Length:" + length + b"\n\n12345--frame") == [b"12345"]


def test_limits_hold_to_the_byte(monkeypatch):
    monkeypatch.setattr("sources.multipart.HEAD_LIMIT", 100)
    monkeypatch.setattr("sources.multipart.PART_LIMIT", 200)
    assert MultipartParser().feed(b"x" * 100) == []
    with pytest.raises(SourceError, match="got 101 bytes"):
        MultipartParser().feed(b"x" * 101)
    head = b"--frame\r\nContent-Length: 300\r\n\r\n"
    assert MultipartParser().feed(head + bytes(200)) == []
    with pytest.raises(SourceError, match="got 201 bytes"):
        MultipartParser().feed(head + bytes(201))
