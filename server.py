"""What one process serves: its cameras, the model that they share, and the limit on viewers."""

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from camera import NO_CAMERA, FaceDetector, Opener, Wanted, check_source, find_webcams, without_password
from delivery.fanout import Fanout
from delivery.stream import Hub, Outgoing
from delivery.viewers import Viewer
from engine import Engine, Plan
from model import EmotionModel
from pipeline import Pipeline
from settings import Settings, named_sources
from tracking.searching import BackgroundSearch
from tracking.tracker import Tracker
from visitors import Visitors

MOST_SIZES = 8
"""Sizes in which one camera's pictures are encoded at a time."""


class Full(Exception):  # noqa: N818 - a limit is no error
    """There are as many viewers, or sizes of the picture, as this server takes; says which."""


class Server:
    """The cameras by name. Building one opens no device, loads no model and starts no thread, so it may fork.

    Raises:
        SettingError: two cameras of one name.
        SourceError: a source file that does not exist.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._entrance = threading.Lock()
        self._model: EmotionModel | None = None
        self._started = time.monotonic()
        self.fanout = Fanout()
        self.visitors = Visitors(settings.max_visitors, self._make_pipeline)
        self.engines: dict[str, Engine] = {}
        for name, source in named_sources(settings.source).items():
            check_source(source)
            self.engines[name] = Engine(self._plan(name, source))

    def _plan(self, name: str, source: str) -> Plan:
        chosen = self.settings
        wanted = Wanted(chosen.width, chosen.height, chosen.fps)
        return Plan(
            name=name,
            source=without_password(source),
            open_source=Opener(source, wanted, chosen.frozen),
            make_pipeline=self._make_pipeline,
            idle=chosen.idle,
            quality=chosen.quality,
        )

    def _make_pipeline(self) -> Pipeline:
        """Each camera has its own detector and tracker, which remember; the model is shared."""
        chosen = self.settings
        sizes = (chosen.search_width, chosen.min_face, chosen.scale_factor, chosen.neighbours)
        search = BackgroundSearch(FaceDetector(*sizes), chosen.search_every)
        tracker = Tracker(chosen.smoothing, self.model.no_face_threshold)
        return Pipeline(search, self.model, tracker, chosen.threshold, paced=True, bars=chosen.draw == "bars")

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
        told = [engine.notice for engine in self.engines.values() if engine.notice]
        if not told and "auto" in self.settings.source and not find_webcams():
            told = [NO_CAMERA]  # known before the source is opened
        return " ".join(dict.fromkeys(told))

    @property
    def viewers(self) -> int:
        """How many watch now, all cameras together."""
        return sum(len(engine.viewers) for engine in self.engines.values())

    def enter(self, engine: Engine, viewer: Viewer) -> Hub[Outgoing]:
        """Let a viewer in at a camera and return the hub to watch; `engine.leave` lets them out.

        Raises:
            Full: there are as many viewers, or sizes of the camera's picture, as there may be.
        """
        limit = self.settings.max_viewers
        with self._entrance:
            if self.viewers >= limit:
                raise Full(f"{limit} are watching already; try again shortly.")
            widths = engine.viewers.widths
            if viewer.width not in widths and len(widths) >= MOST_SIZES:
                known = ", ".join(str(width) for width in sorted(widths) if width)
                raise Full(f"{engine.name!r} is shown in {MOST_SIZES} sizes already; take one of the widths {known}.")
            return engine.enter(viewer)

    def state(self, viewers: Sequence[str] = ()) -> dict[str, Any]:
        """What `/api/state` tells; `viewers` are the ids that a page gave its streams."""
        engines = self.engines.values()
        model = self._model
        connections = {viewer: any(viewer in engine.viewers for engine in engines) for viewer in viewers}
        return {
            "notice": self.notice,
            "threshold": self.settings.threshold,
            "model": model and {"name": model.name, "labels": model.labels, "runtime": model.runtime},
            "viewers": self.viewers,
            "max_viewers": self.settings.max_viewers,
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
        with ThreadPoolExecutor(max_workers=len(self.engines) + 1) as pool:
            gone = pool.submit(self.visitors.close)
            closed = [*pool.map(Engine.close, self.engines.values()), gone.result()]
        self.fanout.close()
        return all(closed)


def resident_bytes() -> int:
    """Memory of this process that is in RAM; 0 where the system does not tell it (Linux does)."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
