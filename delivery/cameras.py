"""A camera as viewers see it: of this process (`live.engine`), or of another (`relay.remote_camera`)."""

from typing import Any, Protocol

from delivery.counters import Counters
from delivery.stream import Hub, Outgoing
from delivery.view_options import ViewOptions
from delivery.viewers import Viewer, Viewers


class Camera(Protocol):
    """What the web and the server ask of a camera. Every method may be called from any thread, and none waits."""

    name: str
    viewers: Viewers
    """Those of this process."""

    @property
    def counters(self) -> Counters:
        """What the camera has done since it was started."""
        ...

    @property
    def notice(self) -> str:
        """What viewers should be told of the source, such as that it is a demo."""
        ...

    @property
    def viewer_count(self) -> int:
        """How many watch, through whatever process."""
        ...

    @property
    def views(self) -> set[ViewOptions]:
        """The looks that are watched."""
        ...

    @property
    def ended_streams(self) -> list[str]:
        """The ids of streams that have ended within the last seconds, and of which no other has begun since."""
        ...

    def is_streaming(self, name: str) -> bool:
        """Whether the stream of an id is being sent."""
        ...

    def counts(self) -> dict[str, int]:
        """`Viewers.counts` of all who watch."""
        ...

    def enter(self, viewer: Viewer) -> Hub[Outgoing]:
        """Count a viewer and return the hub of the viewer's look; the camera opens with the first."""
        ...

    def leave(self, viewer: Viewer) -> None:
        """Count a viewer less."""
        ...

    def add_listener(self) -> None:
        """Count one who listens to the faces, for whom the camera is open."""
        ...

    def remove_listener(self) -> None:
        """Count one of them less."""
        ...

    def summary(self, smoothing: float | None = None) -> dict[str, Any]:
        """What changes from one moment to the next, as `/api/events` tells it."""
        ...

    def state(self) -> dict[str, Any]:
        """What `/api/state` tells of the camera."""
        ...

    def dropped(self) -> dict[str, int]:
        """Frames left out since the start, by reason."""
        ...

    def close(self, timeout: float = 1.5) -> bool:
        """End every viewer's stream, for good; False where a thread is stuck."""
        ...
