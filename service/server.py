"""What one process serves: its cameras, the model that they share, and the limit on viewers."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camera import NO_CAMERA, CaptureFormat, FaceDetector, Opener, check_source, find_webcams
from config.redaction import without_password
from config.settings import Settings
from delivery.cameras import Camera
from delivery.fanout import Fanout
from delivery.listeners import Listener, Listeners, Topic
from delivery.stream import Hub, Outgoing
from delivery.view_options import ViewOptions
from delivery.viewers import SNAPSHOT_VIEWERS, Viewer
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
"""Looks in which one camera's pictures are drawn and encoded at a time."""


class Full(Exception):  # noqa: N818 - a limit is no error
    """There are as many viewers, listeners, or looks of the picture, as this server takes; says which."""


class Server:
    """The cameras by name. Building one opens no device, loads no model and starts no thread, so it may fork.

    Raises:
        SettingError: two cameras of one name.
        SourceError: a source file that does not exist.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.view = ViewOptions.from_settings(settings)
        self._lock = threading.Lock()
        self._entrance = threading.Lock()
        self._glimpses = 0
        self._model: EmotionModel | None = None
        self._started = time.monotonic()
        self.fanout = Fanout()
        self.visitors = Visitors(settings.max_visitors, self._make_pipeline)
        self.on_change: Callable[[], None] = lambda: None
        self.relay = self._relay() if settings.redis_url else None
        self.local_cameras = {} if settings.redis_url else self._own_cameras()
        self.cameras: Mapping[str, Camera] = self.local_cameras if self.relay is None else self.relay
        self.listeners = Listeners(self.cameras, self.info)

    def _relay(self) -> "Receiver":
        from relay.receiver import Receiver  # Redis' client, which many servers never need

        return Receiver(self.settings.redis_url, self._wake, self.settings.quality)

    def _own_cameras(self) -> dict[str, Engine]:
        named = named_sources(self.settings.source)
        for source in named.values():
            check_source(source)
        return {name: Engine(self._plan(name, source)) for name, source in named.items()}

    def _wake(self) -> None:
        """A camera's status has changed."""
        self.listeners.wake()
        self.on_change()

    def _plan(self, name: str, source: str) -> CameraConfig:
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
        """Each camera has its own detector and tracker, which remember; the model is shared."""
        chosen = self.settings
        sizes = (chosen.search_width, chosen.min_face, chosen.scale_factor, chosen.neighbours)
        search = BackgroundSearch(FaceDetector(*sizes), chosen.search_every)
        tracker = Tracker(chosen.smoothing, self.model.no_face_threshold)
        return Pipeline(search, self.model, tracker, self.view, paced=True)

    @property
    def model(self) -> EmotionModel:
        """The model, loaded at the first call.

        Raises:
            BundleError: its bundle is missing, damaged or does not fit.
        """
        with self._lock:
            if self._model is None:
                self._model = EmotionModel.load(self.settings.weights, self.settings.runtime)
            return self._model

    @property
    def notice(self) -> str:
        """What viewers should be told of the sources, such as that one is a demo; empty where there is nothing."""
        told = [engine.notice for engine in self.cameras.values() if engine.notice]
        if not told and self.relay is None and "auto" in self.settings.source and not find_webcams():
            told = [NO_CAMERA]  # known before the source is opened
        return " ".join(dict.fromkeys(told))

    @property
    def viewers(self) -> int:
        """How many watch now through this process, all cameras together."""
        return sum(len(engine.viewers) for engine in self.known_cameras())

    def known_cameras(self) -> list[Camera]:
        """The cameras, without asking Redis for them where nobody has yet."""
        return [] if self.relay is not None and not self.relay.opened else list(self.cameras.values())

    def enter(self, engine: Camera, viewer: Viewer) -> Hub[Outgoing]:
        """Let a viewer in at a camera and return the hub to watch; `engine.leave` lets them out.

        Raises:
            Full: there are as many viewers, or looks of the camera's picture, as there may be.
        """
        limit = self.settings.max_viewers
        with self._entrance:
            if self.viewers - self._glimpses >= limit:
                raise Full(f"{limit} are watching already; try again shortly.")
            return self._enter(engine, viewer)

    @contextmanager
    def enter_snapshot(self, engine: Camera, viewer: Viewer) -> Iterator[Hub[Outgoing]]:
        """As `enter`, for who wants one picture only, and until they have it: not held to the limit on viewers.

        Raises:
            Full: as many wait for a picture as may, or there are as many looks of the camera's as there may be.
        """
        with self._entrance:
            if self._glimpses >= SNAPSHOT_VIEWERS:
                raise Full(f"{SNAPSHOT_VIEWERS} wait for a picture already; try again shortly.")
            hub = self._enter(engine, viewer)
            self._glimpses += 1
        try:
            yield hub
        finally:
            with self._entrance:
                engine.leave(viewer)
                self._glimpses -= 1

    def _enter(self, engine: Camera, viewer: Viewer) -> Hub[Outgoing]:
        views = engine.views
        if viewer.view not in views and len(views) >= MAX_VIEWS:
            known = "; ".join(sorted(map(str, views)))
            raise Full(f"{engine.name!r} is shown in {MAX_VIEWS} looks already; take one of these: {known}.")
        return engine.enter(viewer)

    def listen(self, topic: Topic, watches: bool) -> Listener:
        """Let one in who listens to cameras' events; `listeners.leave` lets them out.

        Raises:
            Full: there are as many listeners as there may be.
        """
        limit = self.settings.max_listeners
        with self._entrance:
            if len(self.listeners) >= limit:
                raise Full(f"{limit} are listening already; try again shortly.")
            return self.listeners.enter(topic, watches)

    def info(self) -> dict[str, Any]:
        """What pages are told of the server beside its cameras."""
        model = self._model
        return {
            "notice": self.notice,
            "threshold": self.settings.threshold,
            "model": model and {"name": model.name, "labels": model.labels, "runtime": model.runtime},
            "viewers": sum(engine.viewer_count for engine in self.cameras.values()),
            "max_viewers": self.settings.max_viewers,
        }

    def state(self, viewers: Sequence[str] = ()) -> dict[str, Any]:
        """What `/api/state` tells; `viewers` are the ids that a page gave its streams."""
        engines = self.cameras.values()
        connections = {viewer: any(engine.is_streaming(viewer) for engine in engines) for viewer in viewers}
        return {
            **self.info(),
            "listeners": len(self.listeners),
            "max_listeners": self.settings.max_listeners,
            "visitors": len(self.visitors),
            "memory": resident_bytes(),
            "uptime": round(time.monotonic() - self._started, 1),
            "viewer": {"delivering": connections[viewers[0]]} if viewers else None,
            "connections": connections,
            "cameras": [engine.state() for engine in engines],
        }

    def close(self) -> bool:
        """End every stream and close every camera, for good, within some two seconds.

        Returns False where a camera's driver holds a thread that will not end. Python crashes when it ends under such
        a thread, so the process should then end by `os._exit`.
        """
        self.listeners.close()
        engines = self.known_cameras()
        with ThreadPoolExecutor(max_workers=len(engines) + 2) as pool:
            gone = pool.submit(self.visitors.close)
            if self.relay is not None:
                pool.submit(self.relay.close)
            closed = [*pool.map(lambda engine: engine.close(), engines), gone.result()]
        self.fanout.close()
        return all(closed)


def resident_bytes() -> int:
    """Memory of this process that is in RAM; 0 where the system does not tell it (Linux does)."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
