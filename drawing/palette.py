"""The colours in which faces are drawn."""

Colour = tuple[int, int, int]
"""Blue, green, red, 0 to 255 each, as OpenCV has it."""

COLOURS: dict[str, Colour] = {
    "angry": (60, 70, 235),
    "disgust": (60, 150, 80),
    "fear": (200, 90, 150),
    "happy": (40, 200, 250),
    "sad": (215, 130, 60),
    "surprise": (50, 140, 255),
    "neutral": (190, 190, 190),
}
"""One colour an expression."""
OTHER: Colour = (200, 200, 120)
UNSURE: Colour = (150, 150, 150)
INK: Colour = (24, 20, 18)
GROUND: Colour = (38, 33, 30)
BRIGHT: Colour = (235, 235, 235)
DIM: Colour = (170, 170, 170)
