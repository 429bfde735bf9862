"""How a viewer wants a camera's picture to look: a choice for one's own view, which changes nobody else's."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from config.settings import Settings

Privacy = Literal["off", "blur", "emoji"]
"""What is done to faces before a picture leaves the server: nothing, made unrecognisable, or covered as well."""
PRIVACIES: tuple[Privacy, ...] = get_args(Privacy)
"""From the least to the most."""
THRESHOLD_STEP = 0.05
SMOOTHING_STEPS = (0.0, 0.2, 0.4, 0.8, 1.6, 3.0)
"""Time constants in seconds that may be chosen; few, since each is reckoned and drawn for itself."""


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """What decides on the pixels of a picture; equal looks share one drawing and one JPEG.

    `width` is in pixels, 0 for the camera's own. `bars` draws the probabilities of all expressions. Below the
    probability `threshold` an expression is called unsure. `smoothing` is the probabilities' time constant in seconds.
    `mirror` shows the picture as in a mirror, with words that can be read; faces keep their boxes in the camera's
    pixels.
    """

    width: int = 0
    bars: bool = False
    privacy: Privacy = "off"
    threshold: float = 0.35
    smoothing: float = 0.4
    mirror: bool = False

    @classmethod
    def from_settings(cls, settings: Settings) -> "ViewOptions":
        """The look of who wishes for nothing."""
        privacy = next(known for known in PRIVACIES if known == settings.privacy)
        return cls(0, settings.draw == "bars", privacy, settings.threshold, settings.smoothing)

    def with_privacy(self, least: Privacy) -> "ViewOptions":
        """The same, with at least so much privacy."""
        if PRIVACIES.index(self.privacy) >= PRIVACIES.index(least):
            return self
        return replace(self, privacy=least)

    @property
    def full_size(self) -> "ViewOptions":
        """The same in the camera's own size: looks that differ in their width only share a drawing."""
        return replace(self, width=0) if self.width else self

    def __str__(self) -> str:
        """As a query, such as `width=640&bars=0&privacy=blur&threshold=0.35&smoothing=0.4&mirror=0`."""
        return (
            f"width={self.width}&bars={self.bars:d}&privacy={self.privacy}"
            f"&threshold={self.threshold:g}&smoothing={self.smoothing:g}&mirror={self.mirror:d}"
        )


def nearest_threshold(value: float) -> float:
    """A threshold, 0 to 1, rounded to the step in which it may be chosen."""
    return round(round(value / THRESHOLD_STEP) * THRESHOLD_STEP, 2)


def nearest_smoothing(seconds: float) -> float:
    """The time constant nearest to that many seconds that may be chosen."""
    return min(SMOOTHING_STEPS, key=lambda step: abs(step - seconds))
