"""Places in the picture that are remembered for some seconds."""

from collections.abc import Iterator

from faces import Box


class Places:
    """Boxes that were noted within the last `seconds`, on the frames' own clock."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._noted: list[tuple[Box, float]] = []

    def note(self, box: Box, now: float) -> None:
        """Remember a box from now on."""
        self._noted.append((box, now + self._seconds))

    def forget(self, now: float) -> None:
        """Drop the boxes that were noted too long ago."""
        self._noted = [(box, until) for box, until in self._noted if until > now]

    def __iter__(self) -> Iterator[Box]:
        return (box for box, _ in self._noted)
