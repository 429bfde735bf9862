"""The movements of a face, and the seven expressions as combinations of them.

The movements are action units of the Facial Action Coding System (Ekman and Friesen, 1978); which of them make up an
expression follows the prototypes of EMFACS and of Du, Tao and Martinez, "Compound facial expressions of emotion",
PNAS 2014.
"""

from dataclasses import dataclass, fields
from operator import attrgetter


@dataclass(frozen=True, slots=True)
class Action:
    """The strength of each action unit (AU), from 0 (rest) to 1; the gaze goes from -1 to 1."""

    inner_brow: float = 0.0
    """AU 1, inner brow raiser."""
    outer_brow: float = 0.0
    """AU 2, outer brow raiser."""
    brow_lower: float = 0.0
    """AU 4, brow lowerer: down and together."""
    upper_lid: float = 0.0
    """AU 5, upper lid raiser."""
    cheek: float = 0.0
    """AU 6, cheek raiser."""
    lid_tight: float = 0.0
    """AU 7, lid tightener."""
    nose_wrinkle: float = 0.0
    """AU 9, nose wrinkler."""
    upper_lip: float = 0.0
    """AU 10, upper lip raiser."""
    corner_up: float = 0.0
    """AU 12, lip corner puller."""
    corner_down: float = 0.0
    """AU 15, lip corner depressor."""
    lower_lip: float = 0.0
    """AU 16, lower lip depressor: shows the lower teeth."""
    chin: float = 0.0
    """AU 17, chin raiser."""
    pucker: float = 0.0
    """AU 18, lip pucker: a narrow, round mouth."""
    stretch: float = 0.0
    """AU 20, lip stretcher."""
    press: float = 0.0
    """AU 24, lip pressor: thin lips."""
    part: float = 0.0
    """AU 25, lips part."""
    jaw: float = 0.0
    """AU 26 and 27, jaw drop."""
    droop: float = 0.0
    """AU 43, the upper lid hangs."""
    blink: float = 0.0
    """AU 45."""
    gaze_x: float = 0.0
    """AU 61 and 62, to the viewer's left (-1) and right (1)."""
    gaze_y: float = 0.0
    """AU 63 and 64, up (-1) and down (1)."""


PROTOTYPES = {
    "angry": Action(
        brow_lower=1, upper_lid=0.45, lid_tight=0.5, nose_wrinkle=0.55,
        upper_lip=0.5, lower_lip=1, chin=0.2, pucker=0.15, part=0.7, jaw=0.35,
    ),
    "disgust": Action(
        brow_lower=0.4, cheek=0.7, lid_tight=1, droop=0.3, nose_wrinkle=0.9,
        upper_lip=1.25, corner_down=0.2, lower_lip=0.1, press=0.2, part=0.05, jaw=0.45,
    ),
    "fear": Action(
        inner_brow=1.75, outer_brow=0.05, brow_lower=0.08, upper_lid=1.4,
        corner_down=0.8, lower_lip=1.3, stretch=0.75, part=1, jaw=0.27,
    ),
    "happy": Action(outer_brow=0.15, cheek=0.9, lid_tight=0.3, upper_lip=0.2, corner_up=1, part=0.9, jaw=0.12),
    "sad": Action(
        inner_brow=1.2, brow_lower=0.15, cheek=0.5, lid_tight=0.45, droop=0.75, gaze_y=0.4,
        corner_down=1.1, chin=0.4, press=0.2,
    ),
    "surprise": Action(inner_brow=1, outer_brow=1, upper_lid=1, pucker=0.5, part=0.5, jaw=0.85),
    "neutral": Action(lid_tight=0.25),
}  # fmt: skip
"""Each of the seven expressions at its full strength, in the order of `faces.EXPRESSIONS`."""


_values = attrgetter(*(field.name for field in fields(Action)))


def mix(start: Action, end: Action, share: float) -> Action:
    """Return the action on the way from `start` (share 0) to `end` (share 1)."""
    return Action(*(a + (b - a) * share for a, b in zip(_values(start), _values(end), strict=True)))
