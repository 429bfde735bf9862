"""View options: how a viewer wants a camera's picture drawn. They change this viewer's picture only."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from config.settings import Settings

Privacy = Literal["off", "blur", "emoji"]
"""What is done to faces before a picture leaves the server: nothing, blurred, or blurred and covered by an emoji."""
PRIVACIES: tuple[Privacy, ...] = get_args(Privacy)
"""From the least to the most private."""
THRESHOLD_STEP = 0.05
SMOOTHING_STEPS = (0.0, 0.2, 0.4, 0.8, 1.6, 3.0)
"""The time constants to choose from, in seconds; few, since each is computed and drawn separately."""


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """All options that decide on the pixels of a picture; equal options share one drawing and one JPEG.

    `width` is in pixels, 0 for the camera's own. `bars` draws the probabilities of all expressions. Below the
    probability `threshold` an expression is shown as unsure. `smoothing` is the probabilities' time constant in
    seconds. `mirror` flips the picture but not its text; the boxes of faces stay in the camera's pixels.
    """

    width: int = 0
    bars: bool = False
    privacy: Privacy = "off"
    threshold: float = 0.35
    smoothing: float = 0.4
    mirror: bool = False

    @classmethod
    def from_settings(cls, settings: Settings) -> "ViewOptions":
        """The server's default options."""
        privacy = next(known for known in PRIVACIES if known == settings.privacy)
        return cls(0, settings.draw == "bars", privacy, settings.threshold, settings.smoothing)

    def with_privacy(self, least: Privacy) -> "ViewOptions":
        """The same options with at least that much privacy."""
        if PRIVACIES.index(self.privacy) >= PRIVACIES.index(least):
            return self
        return replace(self, privacy=least)

    @property
    def full_size(self) -> "ViewOptions":
        """The same options in the camera's own size: options that differ only in width share a drawing."""
        return replace(self, width=0) if self.width else self

    def __str__(self) -> str:
        """The options as a query, such as `width=640&bars=0&privacy=blur&threshold=0.35&smoothing=0.4&mirror=0`."""
        return (
            f"width={self.width}&bars={self.bars:d}&privacy={self.privacy}"
            f"&threshold={self.threshold:g}&smoothing={self.smoothing:g}&mirror={self.mirror:d}"
        )


def nearest_threshold(value: float) -> float:
    """Round a threshold, 0 to 1, to `THRESHOLD_STEP`."""
    return round(round(value / THRESHOLD_STEP) * THRESHOLD_STEP, 2)


def nearest_smoothing(seconds: float) -> float:
    """The nearest of `SMOOTHING_STEPS`."""
    return min(SMOOTHING_STEPS, key=lambda step: abs(step - seconds))
