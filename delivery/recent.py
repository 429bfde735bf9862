"""Items that were requested lately."""

import time
from collections.abc import Hashable
from typing import Generic, TypeVar

REMEMBER_FOR = 3.0
"""Seconds for which an item is remembered."""

Item = TypeVar("Item", bound=Hashable)


class Recent(Generic[Item]):
    """Items that were added within the last seconds. Thread-safe."""

    def __init__(self) -> None:
        self._added: dict[Item, float] = {}

    def add(self, item: Item) -> None:
        """Remember an item from now on."""
        self._added[item] = time.monotonic()

    @property
    def items(self) -> set[Item]:
        """The items added within the last seconds."""
        oldest = time.monotonic() - REMEMBER_FOR
        self._added = {item: added for item, added in dict(self._added).items() if added > oldest}
        return set(self._added)
