import av
import cv2
import numpy as np
import pytest

from errors import SourceError
from media.videos.files import VideoCopy, VideoReader
from tests.support.cameras.clips import KINDS, drawn, turned, write_clip


def copied(clip, path, fail_at=None):
    with VideoReader(clip) as reader, VideoCopy(path, reader.fps, reader) as copy:
        times = []
        for number, (seconds, image) in enumerate(reader.pictures(copy.sound)):
            if number == fail_at:
                raise KeyboardInterrupt
            copy.write(image, seconds)
            times.append(seconds)
    return times


def loudness(path):
    """Root mean square of the sound in each tenth of a second."""
    with av.open(str(path)) as opened:
        rate = opened.streams.audio[0].rate
        wave = np.concatenate([f.to_ndarray().astype(float).mean(axis=0) for f in opened.decode(audio=0)])
    return np.sqrt((wave[: len(wave) // (rate // 10) * (rate // 10)].reshape(-1, rate // 10) ** 2).mean(axis=1))


@pytest.mark.parametrize("ending", KINDS)
def test_every_usual_kind_is_read_and_copied_as_browsers_play_it_with_its_sound(tmp_path, ending):
    clip = write_clip(tmp_path / f"clip{ending}")
    times = copied(clip, tmp_path / "copy.mp4")
    assert len(times) == 45
    assert np.allclose(np.diff(times)[1:], 1 / 15, atol=2e-3)  # the AVI's own second frame comes a frame late
    with av.open(str(tmp_path / "copy.mp4")) as opened:
        picture, sound = opened.streams.video[0], opened.streams.audio[0]
        assert (picture.codec_context.name, picture.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (sound.codec_context.name, picture.frames) == ("aac", 45)
        assert float(picture.duration * picture.time_base) == pytest.approx(3, abs=0.11)
        assert float(sound.duration * sound.time_base) == pytest.approx(3, abs=0.15)
        shown = next(opened.decode(video=0)).to_ndarray(format="bgr24")
    assert np.abs(shown.astype(int) - drawn(320, 180)[0]).mean() < 6
    heard = loudness(tmp_path / "copy.mp4")[2:28]
    assert heard.min() > 0.5 * heard.max() > 0


def test_a_video_without_sound_gives_a_copy_without(tmp_path):
    copied(write_clip(tmp_path / "clip.webm", sound=False), tmp_path / "copy.mp4")
    with av.open(str(tmp_path / "copy.mp4")) as opened:
        assert not opened.streams.audio


def test_uneven_times_as_of_phones_are_kept(tmp_path):
    given = [0.0, 0.04, 0.2, 0.21, 0.5, 1.0]
    clip = write_clip(tmp_path / "clip.mp4", frames=6, times=given)
    assert copied(clip, tmp_path / "copy.mp4") == pytest.approx(given, abs=2e-3)
    with VideoReader(tmp_path / "copy.mp4") as reader:
        assert [seconds for seconds, _ in reader.pictures()] == pytest.approx(given, abs=2e-3)


@pytest.mark.parametrize("matrix", [(0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)])
def test_a_video_held_sideways_comes_out_upright_as_players_show_it(tmp_path, matrix):
    clip = turned(tmp_path / "turned.mp4", write_clip(tmp_path / "clip.mp4", frames=3), matrix)
    capture = cv2.VideoCapture(str(clip))
    expected = capture.read()[1]
    capture.release()
    with VideoReader(clip) as reader:
        _, image = next(iter(reader.pictures()))
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 3


def test_frames_of_odd_size_are_copied(tmp_path):
    with VideoCopy(tmp_path / "copy.mp4", 10) as copy:
        for number in range(5):
            copy.write(np.full((91, 121, 3), 40 * number, np.uint8), number / 10)
    with VideoReader(tmp_path / "copy.mp4") as reader:
        assert [image.shape for _, image in reader.pictures()] == [(90, 120, 3)] * 5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is no video that can be read"),
        (b"hello" * 400, "it is no video that can be read"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "it is no video that can be read"),
        (b"ffconcat version 1.0\nfile clip.mp4\n", "it is no video that can be read"),
    ],
)
def test_what_is_no_video_is_told_and_playlists_are_not_followed(tmp_path, content, message):
    write_clip(tmp_path / "clip.mp4", frames=3)
    (tmp_path / "odd.mp4").write_bytes(content)
    with pytest.raises(SourceError, match=f"holiday: {message}; MP4"):
        VideoReader(tmp_path / "odd.mp4", "holiday")


def test_sound_alone_is_no_video(tmp_path):
    with av.open(str(tmp_path / "song.mp4"), "w") as made:
        audio = made.add_stream("aac", rate=8000)
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        tone.sample_rate = 8000
        audio.codec_context.layout = "mono"
        made.mux([*audio.encode(tone), *audio.encode(None)])
    with pytest.raises(SourceError, match="it holds no video"):
        VideoReader(tmp_path / "song.mp4")


def test_frames_too_large_are_refused_before_one_is_decoded(tmp_path):
    with av.open(str(tmp_path / "huge.avi"), "w") as made:
        picture = made.add_stream("mjpeg", rate=1)
        picture.width, picture.height, picture.pix_fmt = 8000, 6000, "yuvj420p"
        made.mux(picture.encode(av.VideoFrame(8000, 6000, "yuvj420p")))
    with pytest.raises(SourceError, match="8000x6000 pixels a frame, expected at most 4096x2304"):
        VideoReader(tmp_path / "huge.avi")


def test_a_file_that_breaks_off_gives_what_it_has(tmp_path):
    whole = write_clip(tmp_path / "clip.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) // 2])
    with VideoReader(tmp_path / "cut.avi") as reader:
        assert 5 < len(list(reader.pictures())) < 40


def test_a_copy_that_is_broken_off_leaves_nothing(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4")
    with pytest.raises(KeyboardInterrupt):
        copied(clip, tmp_path / "copy.mp4", fail_at=20)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_copy_that_cannot_be_written_is_told(tmp_path):
    with (
        pytest.raises(SourceError, match=r"^copy.mp4: this video cannot be written \(No such file or directory\)"),
        VideoCopy(tmp_path / "no" / "copy.mp4", 10) as c,
    ):
        c.write(np.zeros((90, 120, 3), np.uint8), 0.0)


@pytest.mark.parametrize("finer", [1, 7])
@pytest.mark.parametrize("for_good", [False, True])
def test_sound_whose_times_step_back_is_kept(tmp_path, for_good, finer):
    clip, seen = write_clip(tmp_path / "clip.mp4"), []

    with VideoReader(clip) as reader, VideoCopy(tmp_path / "copy.mp4", reader.fps, reader) as copy:

        def broken(packet):
            """As of a live stream whose connection broke, 0.3 seconds too early, in any unit of time."""
            seen.append(packet)
            if packet.dts is None:  # the last, which is empty
                return
            back = round(0.3 / packet.time_base) if len(seen) == 40 or (for_good and len(seen) > 40) else 0
            packet.pts, packet.dts = ((time - back) * finer for time in (packet.pts, packet.dts))
            packet.time_base /= finer
            copy.sound(packet)

        for seconds, image in reader.pictures(broken):
            copy.write(image, seconds)
    assert len(seen) > 100
    heard = loudness(tmp_path / "copy.mp4")[2:24]
    assert heard.min() > 0.5 * heard.max() > 0


def test_sound_that_cannot_be_written_is_told_without_the_folder(tmp_path, monkeypatch):
    clip = write_clip(tmp_path / "clip.mp4")

    def fails(*_):
        raise av.error.ArgumentError(22, "Invalid argument", str(tmp_path / "copy.mp4"))

    monkeypatch.setattr(VideoCopy, "_copy_sound", fails)
    with pytest.raises(SourceError, match=r"^copy.mp4: this video cannot be written \(Invalid argument\)"):
        copied(clip, tmp_path / "copy.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
