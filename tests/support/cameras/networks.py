"""The face detector's network, as tests of what looks through it share it."""

from detection.blazeface import BlazeFace


class CountingNetwork:
    """BlazeFace, and how often it looked."""

    def __init__(self) -> None:
        self.network, self.looks = BlazeFace(), 0

    def look(self, window, least):
        self.looks += 1
        return self.network.look(window, least)
