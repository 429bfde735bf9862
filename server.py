"""What one process serves: its cameras, the model that they share, and the limit on viewers."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from camera import NO_CAMERA, FaceDetector, Wanted, check_source, find_webcams, open_source, without_password
from engine import Engine, Plan
from model import EmotionModel
from pipeline import Pipeline
from searching import BackgroundSearch
from settings import Settings, named_sources
from tracking import Tracker


class Full(Exception):  # noqa: N818 - a limit is no error
    """There are as many viewers as the settings allow."""


class Server:
    """The cameras by name. Building one opens no device, loads no model and starts no thread, so it may fork.

    Raises:
        SettingError: two cameras of one name.
        SourceError: a source file that does not exist.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._model: EmotionModel | None = None
        self._started = time.monotonic()
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
            open_source=partial(open_source, source, wanted),
            make_pipeline=self._make_pipeline,
            idle=chosen.idle,
            quality=chosen.quality,
        )

    def _make_pipeline(self) -> Pipeline:
        """Each camera has its own detectors and tracker, which remember; the model is shared."""
        chosen = self.settings
        sizes = (chosen.search_width, chosen.min_face, chosen.scale_factor, chosen.neighbours)
        search = BackgroundSearch(FaceDetector(*sizes), chosen.search_every)
        return Pipeline(FaceDetector(*sizes), search, self.model, Tracker(chosen.smoothing), chosen.threshold)

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

    def enter(self, engine: Engine, viewer: str = "") -> None:
        """Let a viewer in at a camera; `engine.leave` lets them out.

        Raises:
            Full: there are as many viewers as the settings allow.
        """
        with self._lock:
            if self.viewers >= self.settings.max_viewers:
                raise Full
        engine.enter(viewer)

    def state(self, viewer: str = "") -> dict[str, Any]:
        """What `/api/state` tells; `viewer` is the id that a page gave its stream, or empty."""
        engines = self.engines.values()
        model = self._model
        return {
            "notice": self.notice,
            "threshold": self.settings.threshold,
            "model": model and {"name": model.name, "labels": model.labels, "runtime": model.runtime},
            "viewers": self.viewers,
            "uptime": round(time.monotonic() - self._started, 1),
            "viewer": {"delivering": any(viewer in engine.viewers for engine in engines)} if viewer else None,
            "cameras": [engine.state() for engine in engines],
        }

    def close(self) -> bool:
        """End every stream and close every camera, for good, within some two seconds.

        Returns False where a camera's driver holds a thread that will not end. Python crashes when it ends under such
        a thread, so the process should then end by `os._exit`.
        """
        with ThreadPoolExecutor(max_workers=len(self.engines)) as pool:
            return all(pool.map(Engine.close, self.engines.values()))
