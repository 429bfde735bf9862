"""The folds and bulges that action units make in the skin.

They are drawn on two grey tone maps, which are softened and multiplied into the picture of the resting face: `bulges`
is softened more, `folds` less. Both brushes draw on both sides of the face.
"""

import cv2
import numpy as np

from demo.brush import PLAIN, Brush, Grid, moved, smooth, taper
from demo.expression import Action
from demo.mouth import Mouth

FAINT = 0.02
"""Below this strength an action unit is invisible."""


def model_skin(head: Brush, action: Action, mouth: Mouth, age: float) -> None:
    """Draw the effects of an action on a resting head's skin; `age` from 0 (smooth) to 1 (folds stay at rest)."""
    face = head.window((-0.92, -1.0), (0.92, 1.15))
    height, width = face.image.shape[:2]
    # Half the size is enough, as it is softened anyway.
    plain = np.full(((height + 1) // 2, (width + 1) // 2), PLAIN, np.uint8)
    bulges = Brush(plain, Grid(face.grid.scale / 2, face.grid.origin), twin=True)
    folds = bulges.grey()
    _cheeks(bulges, folds, action)
    _nasolabial_folds(bulges, folds, action, mouth, age)
    _mouth_corners(folds, action, mouth)
    _frown(bulges, folds, action)
    _nose_wrinkles(bulges, folds, action)
    _forehead(folds, action, age)
    _chin(bulges, folds, action, mouth.drop)
    tone = cv2.addWeighted(bulges.blur(0.045).image, 1, folds.blur(0.014).image, 1, -PLAIN)
    face.light_skin(np.asarray(tone, np.uint8))


def _tone(amount: float) -> int:
    return int(min(max(PLAIN + amount, 0), 255))


def _cheeks(bulges: Brush, folds: Brush, a: Action) -> None:
    """AU 6: the apples of the cheeks, the folds beneath the eyes, crow's feet."""
    if a.cheek < FAINT:
        return
    bulges.spot((0.47, 0.06 - 0.03 * a.cheek), (0.20, 0.13), _tone(24 * a.cheek))
    folds.crease([(0.20, -0.115), (0.36, -0.10), (0.55, -0.15)], 0.030, _tone(-30 * a.cheek))
    for rise in (-0.08, 0.0):
        foot = [(0.64, -0.24 + 0.4 * rise), (0.69, -0.25 + rise), (0.74, -0.26 + 1.8 * rise)]
        folds.crease(foot, 0.018, _tone(-22 * a.cheek))


def _nasolabial_folds(bulges: Brush, folds: Brush, a: Action, mouth: Mouth, age: float) -> None:
    """The folds from the wings of the nose round the corners of the mouth."""
    depth = 0.10 + 0.75 * a.corner_up + 0.9 * a.upper_lip + 0.35 * a.corner_down + 0.3 * a.stretch + 0.3 * age
    depth = min(depth, 1.1)
    lift = 0.05 * a.nose_wrinkle + 0.03 * a.upper_lip
    x, y = mouth.corner
    curve = smooth(
        [
            (0.17, 0.17 - lift),
            (0.26 + 0.03 * a.corner_up, 0.28 - lift),
            (x + 0.075, y - 0.08 - 0.03 * a.corner_up),
            (x + 0.085, y + 0.04 + 0.10 * a.corner_down),
        ]
    )
    width = taper(len(curve), 0.5, 0.0)
    bulges.stroke(moved(curve, 0.07, -0.03), 0.12 * width, _tone(13 * depth))
    bulges.stroke(moved(curve, -0.025, 0), 0.07 * width, _tone(-13 * depth))
    folds.stroke(curve, 0.036 * width, _tone(-46 * depth))


def _mouth_corners(folds: Brush, a: Action, mouth: Mouth) -> None:
    """The pits at the corners of the mouth; AU 15 draws folds down from them."""
    x, y = mouth.corner
    pit = 0.4 + 0.6 * max(a.corner_up, a.corner_down, 0.7 * a.stretch)
    folds.spot((x + 0.02, y + 0.005), (0.033, 0.042), _tone(-36 * pit))
    if a.corner_down > FAINT:
        fold = [(x + 0.02, y + 0.02), (x + 0.05, y + 0.10), (x + 0.03, y + 0.18)]
        folds.crease(fold, 0.045, _tone(-34 * a.corner_down))


def _frown(bulges: Brush, folds: Brush, a: Action) -> None:
    """AU 4: upright folds between the brows, and brows that overhang the eyes."""
    depth = max(a.brow_lower, 0.6 * a.nose_wrinkle)
    if depth < FAINT:
        return
    up = 0.05 * a.inner_brow
    folds.crease([(0.075, -0.58 - up), (0.06, -0.48 - up), (0.085, -0.38 - up)], 0.033, _tone(-52 * depth))
    overhang = -42 * a.brow_lower * (1 - 0.6 * a.inner_brow)
    bulges.crease([(0.13, -0.34), (0.32, -0.40), (0.52, -0.38)], 0.11, _tone(overhang))


def _nose_wrinkles(bulges: Brush, folds: Brush, a: Action) -> None:
    """AU 9: wrinkles across the bridge of the nose, and the skin pushed up beside it."""
    if a.nose_wrinkle < FAINT:
        return
    for low in (0.0, 0.07):
        wrinkle = [(0.02, -0.20 + low), (0.09, -0.16 + low), (0.16, -0.07 + low)]
        folds.crease(wrinkle, 0.026, _tone(-42 * a.nose_wrinkle))
    bulges.spot((0.25, 0.05), (0.07, 0.10), _tone(18 * a.nose_wrinkle))


def _forehead(folds: Brush, a: Action, age: float) -> None:
    """AU 1 and 2: furrows across the forehead, short ones in its middle when only the inner brows rise."""
    depth = max(a.inner_brow, 0.25 * age)
    if depth < FAINT:
        return
    x = np.linspace(0, 1, 9)
    for y, share in ((-0.84, 0.75), (-0.76, 1.0), (-0.69, 0.8)):
        wide = (0.17 + 0.30 * a.outer_brow) * share
        bend = 0.025 * np.cos(3 * x) * (1.6 * a.outer_brow - 0.6)
        furrow = np.stack([wide * x, y - bend], axis=1)
        folds.stroke(furrow, 0.022 * np.cos(0.5 * np.pi * x), _tone(-26 * depth))
        folds.stroke(moved(furrow, 0, 0.028), 0.024 * np.cos(0.5 * np.pi * x), _tone(12 * depth))


def _chin(bulges: Brush, folds: Brush, a: Action, drop: float) -> None:
    """AU 17: the chin boss rises and its skin dimples."""
    if a.chin < FAINT:
        return
    bulges.spot((0.03, 0.93 + drop), (0.14, 0.06), _tone(14 * a.chin))
    folds.crease([(0.0, 0.765 + drop), (0.10, 0.785 + drop), (0.16, 0.85 + drop)], 0.035, _tone(-26 * a.chin))
    for x, y in ((0.07, 0.86), (0.02, 0.83), (0.04, 0.91)):
        folds.spot((x, y + drop), (0.026, 0.018), _tone(-24 * a.chin))
