"""What one process serves: its cameras, the model that they share, and the limits on viewers and listeners."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camera import NO_CAMERA, CaptureFormat, Opener, check_source, find_webcams
from config.redaction import without_password
from config.settings import Settings
from delivery.cameras import Camera
from delivery.fanout import Fanout
from delivery.listeners import Listener, Listeners, Topic
from delivery.stream import Hub, Outgoing
from delivery.view_options import ViewOptions
from delivery.viewers import SNAPSHOT_VIEWERS, Viewer
from detection import choice
from live.engine import Engine
from live.pipeline import Pipeline
from live.session import CameraConfig
from live.visitors import Visitors
from model import EmotionModel
from sources.names import named_sources
from tracking.searching import BackgroundSearch
from tracking.tracker import Tracker

if TYPE_CHECKING:
    from relay.receiver import Receiver

MAX_VIEWS = 8
"""Different view options that one camera is drawn and encoded with at a time."""


class Full(Exception):  # noqa: N818 - a limit is no error
    """A limit on viewers, listeners or view options is reached; the message says which."""


class Server:
    """The cameras by name. The constructor opens no device, loads no model and starts no thread, so it may fork.

    Raises:
        SettingError: two cameras have one name.
        SourceError: a source file does not exist.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.view = ViewOptions.from_settings(settings)
        self._lock = threading.Lock()
        self._admission = threading.Lock()
        self._snapshots = 0
        self._model: EmotionModel | None = None
        self._detector: choice.Name | None = None
        self._started = time.monotonic()
        self.fanout = Fanout()
        self.visitors = Visitors(settings.max_visitors, self._make_pipeline)
        self.on_change: Callable[[], None] = lambda: None
        self.relay = self._relay() if settings.redis_url else None
        self.local_cameras = {} if settings.redis_url else self._own_cameras()
        self.cameras: Mapping[str, Camera] = self.local_cameras if self.relay is None else self.relay
        self.listeners = Listeners(self.cameras, self.info)

    def _relay(self) -> "Receiver":
        from relay.receiver import Receiver  # imports Redis' client, which many servers never need

        return Receiver(self.settings.redis_url, self._wake, self.settings.quality)

    def _own_cameras(self) -> dict[str, Engine]:
        named = named_sources(self.settings.source)
        for source in named.values():
            check_source(source)
        return {name: Engine(self._camera_config(name, source)) for name, source in named.items()}

    def _wake(self) -> None:
        """Report that a camera's status has changed."""
        self.listeners.wake()
        self.on_change()

    def _camera_config(self, name: str, source: str) -> CameraConfig:
        chosen = self.settings
        wanted = CaptureFormat(chosen.width, chosen.height, chosen.fps)
        return CameraConfig(
            name=name,
            source=without_password(source),
            open_source=Opener(source, wanted, chosen.frozen),
            make_pipeline=self._make_pipeline,
            idle=chosen.idle,
            quality=chosen.quality,
            privacy=self.view.privacy,
            on_change=self._wake,
        )

    def _make_pipeline(self) -> Pipeline:
        """Make a pipeline with a detector and tracker of its own, which keep state; the model is shared."""
        self.load()
        chosen = self.settings
        search = BackgroundSearch(choice.live_detector(chosen), chosen.search_every)
        tracker = Tracker(chosen.smoothing, self.model.no_face_threshold)
        return Pipeline(search, self.model, tracker, self.view, paced=True)

    @property
    def model(self) -> EmotionModel:
        """The model, loaded at the first access.

        Raises:
            BundleError: the bundle is missing, damaged or does not fit.
        """
        with self._lock:
            if self._model is None:
                self._model = EmotionModel.load(self.settings.weights, self.settings.runtime)
            return self._model

    @property
    def detector(self) -> choice.Name:
        """The name of the face detector, whose network is loaded at the first access.

        Raises:
            DetectorError: BlazeFace is asked for by name, and cannot run.
        """
        self._detector = choice.chosen(self.settings.detector)
        return self._detector

    def load(self) -> None:
        """Load the model and the face detector's network; a start calls it, so that it fails where they would.

        Raises:
            BundleError, DetectorError: as for `model` and `detector`.
        """
        _ = self.model, self.detector

    @property
    def notice(self) -> str:
        """A note on the sources for viewers, such as that one is a demo; empty for none."""
        notices = [camera.notice for camera in self.cameras.values() if camera.notice]
        if not notices and self.relay is None and "auto" in self.settings.source and not find_webcams():
            notices = [NO_CAMERA]  # known before the source is opened
        return " ".join(dict.fromkeys(notices))

    @property
    def viewers(self) -> int:
        """Viewers in this process, of all cameras."""
        return sum(len(camera.viewers) for camera in self.known_cameras())

    def known_cameras(self) -> list[Camera]:
        """The cameras; none where they would first have to be looked up in Redis."""
        return [] if self.relay is not None and not self.relay.opened else list(self.cameras.values())

    def enter(self, camera: Camera, viewer: Viewer) -> Hub[Outgoing]:
        """Add a viewer to a camera and return the hub to watch; `camera.leave` removes the viewer.

        Raises:
            Full: the limit on viewers, or on view options of the camera, is reached.
        """
        limit = self.settings.max_viewers
        with self._admission:
            if self.viewers - self._snapshots >= limit:
                raise Full(f"{limit} are watching already; try again shortly.")
            return self._enter(camera, viewer)

    @contextmanager
    def enter_snapshot(self, camera: Camera, viewer: Viewer) -> Iterator[Hub[Outgoing]]:
        """As `enter`, for a viewer of a single picture in the `with` block; the limit on viewers does not apply.

        Raises:
            Full: the limit on waiting snapshots, or on view options of the camera, is reached.
        """
        with self._admission:
            if self._snapshots >= SNAPSHOT_VIEWERS:
                raise Full(f"{SNAPSHOT_VIEWERS} wait for a picture already; try again shortly.")
            hub = self._enter(camera, viewer)
            self._snapshots += 1
        try:
            yield hub
        finally:
            with self._admission:
                camera.leave(viewer)
                self._snapshots -= 1

    def _enter(self, camera: Camera, viewer: Viewer) -> Hub[Outgoing]:
        views = camera.views
        if viewer.view not in views and len(views) >= MAX_VIEWS:
            known = "; ".join(sorted(map(str, views)))
            raise Full(
                f"{camera.name!r} is shown with {MAX_VIEWS} different view options already; take one of these: {known}."
            )
        return camera.enter(viewer)

    def listen(self, topic: Topic, watches: bool) -> Listener:
        """Add a listener to cameras' events; `listeners.leave` removes it.

        Raises:
            Full: the limit on listeners is reached.
        """
        limit = self.settings.max_listeners
        with self._admission:
            if len(self.listeners) >= limit:
                raise Full(f"{limit} are listening already; try again shortly.")
            return self.listeners.enter(topic, watches)

    def info(self) -> dict[str, Any]:
        """The server's own state for pages, beside its cameras."""
        model = self._model
        return {
            "notice": self.notice,
            "threshold": self.settings.threshold,
            "model": model and {"name": model.name, "labels": model.labels, "runtime": model.runtime},
            "detector": self._detector,
            "viewers": sum(camera.viewer_count for camera in self.cameras.values()),
            "max_viewers": self.settings.max_viewers,
        }

    def state(self, viewers: Sequence[str] = ()) -> dict[str, Any]:
        """The answer of `/api/state`; `viewers` are the ids that a page gave its streams."""
        cameras = self.cameras.values()
        connections = {viewer: any(camera.is_streaming(viewer) for camera in cameras) for viewer in viewers}
        return {
            **self.info(),
            "listeners": len(self.listeners),
            "max_listeners": self.settings.max_listeners,
            "visitors": len(self.visitors),
            "memory": resident_bytes(),
            "uptime": round(time.monotonic() - self._started, 1),
            "viewer": {"delivering": connections[viewers[0]]} if viewers else None,
            "connections": connections,
            "cameras": [camera.state() for camera in cameras],
        }

    def close(self) -> bool:
        """End every stream and close every camera for good, within some two seconds.

        Returns False when a camera's driver holds a thread that does not end. Python crashes when it exits with such a
        thread, so the process should then end by `os._exit`.
        """
        self.listeners.close()
        cameras = self.known_cameras()
        with ThreadPoolExecutor(max_workers=len(cameras) + 2) as pool:
            visitors_closed = pool.submit(self.visitors.close)
            if self.relay is not None:
                pool.submit(self.relay.close)
            closed = [*pool.map(lambda camera: camera.close(), cameras), visitors_closed.result()]
        self.fanout.close()
        return all(closed)


def resident_bytes() -> int:
    """Resident memory of this process in bytes; 0 where the system does not report it (Linux does)."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
