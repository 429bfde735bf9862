"""A camera as viewers see it: of this process (`live.engine`), or of another (`relay.remote_camera`)."""

from typing import Any, Protocol

from delivery.counters import Counters
from delivery.stream import Hub, Outgoing
from delivery.view_options import ViewOptions
from delivery.viewers import Viewer, Viewers


class Camera(Protocol):
    """The interface of a camera for web pages and server. Every method is thread-safe and returns without waiting."""

    name: str
    viewers: Viewers
    """The viewers in this process."""

    @property
    def counters(self) -> Counters:
        """Frame counters since the camera was started."""
        ...

    @property
    def notice(self) -> str:
        """A note on the source for viewers, such as that it is a demo; empty for none."""
        ...

    @property
    def viewer_count(self) -> int:
        """Viewers in all processes."""
        ...

    @property
    def views(self) -> set[ViewOptions]:
        """The view options that are watched."""
        ...

    @property
    def ended_streams(self) -> list[str]:
        """The ids of streams that ended within the last seconds and have not begun again."""
        ...

    def is_streaming(self, name: str) -> bool:
        """Whether the stream of an id is being sent."""
        ...

    def counts(self) -> dict[str, int]:
        """`Viewers.counts` over all viewers."""
        ...

    def enter(self, viewer: Viewer) -> Hub[Outgoing]:
        """Add a viewer and return the hub of the viewer's view options; the first viewer opens the camera."""
        ...

    def leave(self, viewer: Viewer) -> None:
        """Remove a viewer."""
        ...

    def add_listener(self) -> None:
        """Add a listener to events, which keeps the camera open."""
        ...

    def remove_listener(self) -> None:
        """Remove a listener."""
        ...

    def summary(self, smoothing: float | None = None) -> dict[str, Any]:
        """What changes from moment to moment: the camera's entry in `/api/events`."""
        ...

    def state(self) -> dict[str, Any]:
        """The camera's entry in `/api/state`."""
        ...

    def dropped(self) -> dict[str, int]:
        """Frames dropped since the start, by reason."""
        ...

    def close(self, timeout: float = 1.5) -> bool:
        """End every viewer's stream for good; False when a thread is stuck."""
        ...
