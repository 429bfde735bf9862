"""The people of the demo: the fixed features of a face."""

from dataclasses import dataclass

from demo.brush import Colour

Contour = tuple[tuple[float, float], ...]
"""Points in face units on a smooth curve."""


@dataclass(frozen=True, slots=True)
class Hair:
    """A hair style. Contours run from the left ear over the top to the right; locks are those of the left side."""

    crown: Contour
    """The outer edge of the hair."""
    hairline: Contour
    """Its edge against the face."""
    lock_outside: Contour = ()
    lock_inside: Contour = ()
    """The two edges of the hair beside the face, from the top; the right side mirrors it."""
    back: Contour = ()
    """The outline of the hair behind the neck."""
    curly: bool = False


@dataclass(frozen=True, slots=True)
class Sitter:
    """One person. Numbers are factors of an average face, 1 being average, unless stated otherwise."""

    skin: Colour
    hair_colour: Colour
    iris: Colour
    lips: Colour
    cloth: Colour
    hair: Hair
    shirt: bool = False
    """A shirt with an open collar, instead of a round neck."""
    jaw: float = 1.0
    brow: float = 1.0
    lip: float = 1.0
    eye: float = 1.0
    nose: float = 1.0
    glasses: bool = False
    freckles: bool = False
    stubble: float = 0.0
    """From 0 (shaven) to 1."""
    age: float = 0.0
    """From 0 (smooth) to 1 (folds that stay at rest)."""


LONG = Hair(
    crown=(
        (-0.88, 0.42), (-1.02, -0.45), (-0.92, -1.15), (-0.55, -1.58), (0.0, -1.70),
        (0.55, -1.58), (0.92, -1.15), (1.02, -0.45), (0.88, 0.42),
    ),
    hairline=(
        (-0.84, 0.42), (-0.80, -0.30), (-0.72, -0.70), (-0.42, -0.93), (0.12, -1.12),
        (0.45, -0.98), (0.72, -0.70), (0.80, -0.30), (0.84, 0.42),
    ),
    lock_outside=((-1.00, -0.60), (-1.12, -0.10), (-1.10, 0.50), (-1.24, 1.00), (-1.26, 1.45), (-1.12, 1.80)),
    lock_inside=((-0.76, -0.50), (-0.80, 0.00), (-0.74, 0.45), (-0.70, 0.90), (-0.62, 1.30), (-0.70, 1.80)),
    back=(
        (-0.9, 0.2), (-1.08, 0.8), (-1.12, 1.4), (-0.85, 1.9), (-0.3, 2.0),
        (0.3, 2.0), (0.85, 1.9), (1.12, 1.4), (1.08, 0.8), (0.9, 0.2),
    ),
)  # fmt: skip

CURLY = Hair(
    crown=(
        (-0.88, -0.30), (-0.97, -0.62), (-0.93, -1.05), (-0.62, -1.48), (0.0, -1.63),
        (0.62, -1.48), (0.93, -1.05), (0.97, -0.62), (0.88, -0.30),
    ),
    hairline=(
        (-0.80, -0.32), (-0.775, -0.62), (-0.66, -0.84), (-0.36, -0.95), (0.0, -0.97),
        (0.36, -0.95), (0.66, -0.84), (0.775, -0.62), (0.80, -0.32),
    ),
    curly=True,
)  # fmt: skip

BOB = Hair(
    crown=(
        (-0.90, 0.45), (-1.03, -0.4), (-0.95, -1.12), (-0.58, -1.54), (0.0, -1.67),
        (0.58, -1.54), (0.95, -1.12), (1.03, -0.4), (0.90, 0.45),
    ),
    hairline=(
        (-0.84, 0.45), (-0.80, -0.30), (-0.74, -0.66), (-0.50, -0.80), (-0.12, -0.98),
        (0.34, -0.84), (0.74, -0.66), (0.80, -0.30), (0.84, 0.45),
    ),
    lock_outside=((-0.96, -0.70), (-1.05, -0.20), (-1.07, 0.30), (-1.02, 0.72), (-0.82, 0.98)),
    lock_inside=((-0.78, -0.60), (-0.80, -0.10), (-0.77, 0.25), (-0.72, 0.60), (-0.62, 0.92)),
    back=((-0.95, 0.2), (-1.0, 0.6), (-0.8, 0.92), (0.8, 0.92), (1.0, 0.6), (0.95, 0.2)),
)  # fmt: skip

PARTED = Hair(
    crown=(
        (-0.85, -0.10), (-0.93, -0.55), (-0.90, -1.05), (-0.60, -1.50), (0.0, -1.64),
        (0.60, -1.52), (0.92, -1.08), (0.93, -0.55), (0.85, -0.10),
    ),
    hairline=(
        (-0.795, -0.10), (-0.77, -0.45), (-0.70, -0.74), (-0.52, -0.93), (-0.10, -0.93),
        (0.34, -1.00), (0.62, -0.86), (0.77, -0.45), (0.795, -0.10),
    ),
)  # fmt: skip

SWEPT = Hair(
    crown=(
        (-0.84, -0.12), (-0.95, -0.5), (-0.98, -1.0), (-0.74, -1.45), (-0.10, -1.72),
        (0.60, -1.56), (0.95, -1.08), (0.94, -0.5), (0.84, -0.12),
    ),
    hairline=(
        (-0.79, -0.10), (-0.775, -0.45), (-0.70, -0.80), (-0.46, -1.02), (0.05, -1.00),
        (0.44, -0.92), (0.68, -0.76), (0.78, -0.45), (0.79, -0.10),
    ),
)  # fmt: skip

CAST = (
    Sitter(
        skin=(168, 196, 232), hair_colour=(38, 58, 92), iris=(70, 110, 80), lips=(112, 104, 196), cloth=(128, 118, 44),
        hair=LONG, jaw=0.94, brow=0.85, lip=1.15, eye=1.08, nose=0.9,
    ),
    Sitter(
        skin=(160, 184, 224), hair_colour=(176, 180, 184), iris=(140, 116, 84), lips=(120, 116, 184),
        cloth=(120, 74, 110), hair=SWEPT, brow=0.9, lip=0.85, age=1.0,
    ),
    Sitter(
        skin=(168, 194, 230), hair_colour=(50, 86, 156), iris=(150, 120, 70), lips=(118, 116, 206), cloth=(150, 92, 84),
        hair=BOB, jaw=0.97, brow=0.8, eye=1.05, nose=0.92, freckles=True,
    ),
    Sitter(
        skin=(128, 164, 206), hair_colour=(30, 30, 36), iris=(40, 62, 96), lips=(100, 100, 166), cloth=(92, 66, 52),
        hair=PARTED, shirt=True, jaw=1.05, brow=1.2, lip=0.9, glasses=True, stubble=0.5,
    ),
    Sitter(
        skin=(84, 120, 174), hair_colour=(24, 26, 32), iris=(28, 44, 70), lips=(74, 80, 150), cloth=(60, 150, 214),
        hair=CURLY, jaw=1.04, brow=1.15, lip=1.25, nose=1.15,
    ),
)  # fmt: skip
"""Everyone who can appear, in no particular order."""
