import numpy as np
import pytest

from errors import SourceError
from sources.frozen import ENOUGH, MISSED, SILENCE, FrozenDetector, SilenceDetector


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("sources.frozen.time.monotonic", lambda: now[0])
    return now


def noise(seed: int, shape=(90, 160, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def play(silence: SilenceDetector, clock: list[float], gap: float, frames: int) -> None:
    for _ in range(frames):
        clock[0] += gap
        silence.frame_arrived()


def test_a_camera_of_a_usual_pace_is_silent_within_a_second(clock):
    silence = SilenceDetector()
    play(silence, clock, 1 / 30, 20)
    clock[0] += 0.5
    assert silence.remaining > 0
    clock[0] += 0.2
    assert silence.remaining <= 0


def test_a_slow_camera_is_waited_for_by_its_own_pace(clock):
    silence = SilenceDetector()
    play(silence, clock, 2.0, 3)
    clock[0] += 5.0
    assert silence.remaining > 0
    clock[0] += 1.5
    assert silence.remaining <= 0


def test_an_outage_does_not_make_a_camera_slow(clock):
    silence = SilenceDetector()
    play(silence, clock, 1 / 30, 10)
    play(silence, clock, 60.0, 1)
    play(silence, clock, 1 / 30, 2)
    clock[0] += 0.9
    assert silence.remaining <= 0


def test_a_picture_that_never_changes_is_told_after_its_time_and_again_after_reopening(clock):
    stillness, image = FrozenDetector(10), noise(1)
    for _ in range(10):
        stillness.check(image.copy())
        clock[0] += 1
    clock[0] += 1
    for _ in range(2):
        with pytest.raises(SourceError, match=r"has not changed for 11 s; .*--frozen 0"):
            stillness.check(image.copy())
    stillness.check(noise(2))


def test_one_pixel_that_changes_where_no_sample_is_taken_is_life(clock):
    stillness, image = FrozenDetector(10), noise(1)
    stillness.check(image)
    clock[0] += 60
    ticking = image.copy()
    ticking[3, 3, 0] ^= 1
    stillness.check(ticking)
    clock[0] += 9
    stillness.check(ticking)


def test_a_picture_of_another_size_is_another_picture(clock):
    stillness = FrozenDetector(10)
    stillness.check(np.zeros((90, 160, 3), np.uint8))
    clock[0] += 60
    stillness.check(np.zeros((180, 320, 3), np.uint8))


def test_still_pictures_may_be_allowed(clock):
    stillness = FrozenDetector(0)
    for _ in range(3):
        stillness.check(noise(1))
        clock[0] += 1000


def test_patience_is_what_is_left_of_the_longer_of_both_times(clock):
    silence = SilenceDetector()
    assert silence.remaining == pytest.approx(SILENCE)
    clock[0] += 0.2
    assert silence.remaining == pytest.approx(SILENCE - 0.2)
    play(silence, clock, 1.0, ENOUGH - 1)
    assert silence.remaining == pytest.approx(SILENCE), "too few to tell what is usual"
    play(silence, clock, 1.0, 1)
    assert silence.remaining == pytest.approx(MISSED * 1.0)
    play(silence, clock, 0.5, 3)
    assert silence.remaining == pytest.approx(MISSED * 0.5), "of the last five, most are shorter"


def test_a_picture_may_stay_the_same_up_to_the_limit_and_begins_anew_with_a_change(clock):
    stillness, image = FrozenDetector(10), noise(1)
    stillness.check(image)
    clock[0] += 10
    stillness.check(image.copy())
    stillness.check(noise(2))
    clock[0] += 10
    stillness.check(noise(2))
    clock[0] += 0.5
    with pytest.raises(SourceError, match="has not changed for 10 s"):
        stillness.check(noise(2))


def test_a_change_between_the_samples_is_the_beginning_of_another_picture(clock):
    stillness, image = FrozenDetector(10), noise(1)
    stillness.check(image)
    clock[0] += 60
    ticking = image.copy()
    ticking[3, 3, 0] ^= 1
    stillness.check(ticking)
    clock[0] += 11
    with pytest.raises(SourceError, match="has not changed for 11 s"):
        stillness.check(ticking)
