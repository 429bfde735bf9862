"""One camera's pictures in the views that web processes subscribe to: the relay watches them as any viewer would."""

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
"""Seconds after which an unchanged picture is sent again, before it expires."""
EXPIRES_AFTER = 2.0
"""Seconds after which a picture that is not sent again expires."""
MAX_VIEWS = 16
"""Views that are drawn at a time; a web process refuses more than half as many, without knowing of the others."""


@dataclass(slots=True)
class OpenView:
    """A view that is watched, and what was last sent of it."""

    viewer: Viewer
    hub: Hub[Outgoing]
    sequence: int = 0
    sent_at: float = 0.0


class RelayedViews:
    """The views of one camera that are drawn for web processes; used by one thread, `subscribers` by any.

    Args:
        wake: called by any thread when there is a new picture.
    """

    def __init__(self, engine: Engine, wake: Callable[[], None]) -> None:
        self.subscribers = Subscribers()
        self._engine = engine
        self._wake = wake
        self._open: dict[ViewOptions, OpenView] = {}
        self._removed: list[str] = []
        self._has_listener = False

    @property
    def views(self) -> list[ViewOptions]:
        """The views that are drawn."""
        return list(self._open)

    @property
    def busy(self) -> bool:
        """Whether there are viewers or listeners."""
        return self._has_listener or bool(self._open)

    def apply_subscriptions(self) -> None:
        """Open the subscribed views and close the others; the camera opens and closes as for any viewer."""
        self.subscribers.expire()
        wanted = self.subscribers.views[:MAX_VIEWS]
        for view in [view for view in self._open if view not in wanted]:
            self._leave(view)
        for view in wanted:
            if view not in self._open:
                viewer = Viewer(view=view)
                hub = self._engine.enter(viewer)
                hub.add_listener(self._wake)
                self._open[view] = OpenView(viewer, hub)
        self._set_listener(self.subscribers.listeners > 0)

    def _set_listener(self, wanted: bool) -> None:
        if wanted != self._has_listener:
            self._has_listener = wanted
            (self._engine.add_listener if wanted else self._engine.remove_listener)()

    def _leave(self, view: ViewOptions) -> None:
        open_view = self._open.pop(view)
        open_view.hub.remove_listener(self._wake)
        self._engine.leave(open_view.viewer)
        self._removed.append(messages.picture_key(self._engine.name, view))

    def updates(self) -> Iterator[tuple[str, bytes, float]]:
        """Yield what is to be sent: key, value, and the seconds after which it expires."""
        now = time.monotonic()
        for view, open_view in self._open.items():
            try:
                sequence, outgoing = open_view.hub.peek()
            except Ended:
                continue
            if outgoing is not None and (sequence != open_view.sequence or now - open_view.sent_at > REPEAT_AFTER):
                open_view.sequence, open_view.sent_at = sequence, now
                yield messages.picture_key(self._engine.name, view), messages.pack(outgoing.picture), EXPIRES_AFTER

    def removed_keys(self) -> list[str]:
        """Return the keys of views that were closed since the last call."""
        removed, self._removed = self._removed, []
        return removed

    def resend_all(self) -> None:
        """Have every picture sent again: Redis may have lost it."""
        for open_view in self._open.values():
            open_view.sequence = 0

    def close(self) -> None:
        """Close all views."""
        for view in list(self._open):
            self._leave(view)
        self._set_listener(False)
