"""One camera's pictures in the looks that are wished for: the relay watches them as any viewer would."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from delivery.stream import Ended, Hub, Outgoing
from delivery.view_options import ViewOptions
from delivery.viewers import Viewer
from live.engine import Engine
from relay import messages
from relay.subscribers import Subscribers

REPEAT_AFTER = 1.0
"""Seconds after which a picture that stands still is put once more, before it ends."""
EXPIRES_AFTER = 2.0
"""Seconds after which a picture that nobody refreshes is gone."""
MAX_VIEWS = 16
"""Looks that are drawn at a time; web processes refuse more than half as many, each without knowing of the others."""


@dataclass(slots=True)
class OpenView:
    """A look that is watched, and what was put of it."""

    viewer: Viewer
    hub: Hub[Outgoing]
    sequence: int = 0
    put_at: float = 0.0


class RelayedViews:
    """What is drawn of one camera for web processes; used by one thread, but for its audience.

    Args:
        ring: called by any thread when there is a new picture.
    """

    def __init__(self, engine: Engine, ring: Callable[[], None]) -> None:
        self.subscribers = Subscribers()
        self._engine = engine
        self._ring = ring
        self._open: dict[ViewOptions, OpenView] = {}
        self._gone: list[str] = []
        self._held = False

    @property
    def views(self) -> list[ViewOptions]:
        """Those that are drawn."""
        return list(self._open)

    @property
    def busy(self) -> bool:
        """Whether somebody watches or listens."""
        return self._held or bool(self._open)

    def apply_subscriptions(self) -> None:
        """Enter the looks that are wished for, and leave the others; the camera opens and closes as for any viewer."""
        self.subscribers.expire()
        wanted = self.subscribers.views[:MAX_VIEWS]
        for view in [view for view in self._open if view not in wanted]:
            self._leave(view)
        for view in wanted:
            if view not in self._open:
                viewer = Viewer(view=view)
                hub = self._engine.enter(viewer)
                hub.add_listener(self._ring)
                self._open[view] = OpenView(viewer, hub)
        self._hold(self.subscribers.listeners > 0)

    def _hold(self, wanted: bool) -> None:
        if wanted != self._held:
            self._held = wanted
            (self._engine.add_listener if wanted else self._engine.remove_listener)()

    def _leave(self, view: ViewOptions) -> None:
        outlet = self._open.pop(view)
        outlet.hub.remove_listener(self._ring)
        self._engine.leave(outlet.viewer)
        self._gone.append(messages.picture_key(self._engine.name, view))

    def updates(self) -> Iterator[tuple[str, bytes, float]]:
        """What is to be put: key, value, and the seconds for which it may stay."""
        now = time.monotonic()
        for view, outlet in self._open.items():
            try:
                sequence, outgoing = outlet.hub.peek()
            except Ended:
                continue
            if outgoing is not None and (sequence != outlet.sequence or now - outlet.put_at > REPEAT_AFTER):
                outlet.sequence, outlet.put_at = sequence, now
                yield messages.picture_key(self._engine.name, view), messages.pack(outgoing.picture), EXPIRES_AFTER

    def removed_keys(self) -> list[str]:
        """Where there were pictures of looks that nobody wants any more, since this was last asked."""
        gone, self._gone = self._gone, []
        return gone

    def resend_all(self) -> None:
        """Have everything put anew: Redis may have lost it."""
        for outlet in self._open.values():
            outlet.sequence = 0

    def close(self) -> None:
        """Leave all."""
        for view in list(self._open):
            self._leave(view)
        self._hold(False)
