"""`python main.py --check`: what would be used, and whether it works; changes nothing and leaves nothing behind."""

import argparse
import json
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from redis import Redis

from access.exposure import check_exposure, is_loopback, names_of
from access.register import Register
from access.roles import ROLES
from camera import CaptureFormat, open_source
from config.loader import Choice, check_workers, gather
from config.redaction import without_password
from config.redis_client import UNREACHABLE, connect
from config.settings import SETTINGS, Settings
from delivery import network
from errors import AccessError, ExpressionError, QueueError, UploadError
from media.limits.disk import SPARE, free_bytes, nearest_existing
from media.limits.uploads import MEGABYTE
from media.queue.storage import jobs_of, queue_of
from model import EmotionModel
from relay.messages import CAMERAS
from sources.names import named_sources

CAMERA_LIMIT = 15.0
"""Seconds after which a camera that has not opened counts as stuck."""
WATCHED = 1.0
"""Seconds for which its frames are counted."""
REDIS_LIMIT = 3.0
"""Seconds that a Redis server has to answer."""


@dataclass(frozen=True, slots=True)
class Check:
    """What one check has found, in a sentence and in figures."""

    check: str
    ok: bool
    detail: str
    data: Mapping[str, Any] = field(default_factory=dict)


def main(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Tell the settings and the findings as text, or with `options.json` as JSON; 0 where all is well, else 1."""
    try:
        choices = gather(vars(options), environment)
        settings = Settings(**{name: choice.value for name, choice in choices.items()})
        checks = list(run_checks(settings))
    except ExpressionError as error:
        print(json.dumps({"ok": False, "error": str(error)}) if options.json else f"main.py: {error}")
        return 1
    well = all(check.ok for check in checks)
    print(_as_json(choices, checks) if options.json else _as_text(choices, checks), flush=True)
    if any(thread.name.startswith("check ") for thread in threading.enumerate()):
        os._exit(1)  # Python crashes when it ends while a camera's driver holds a thread
    return 0 if well else 1


def run_checks(settings: Settings) -> Iterator[Check]:
    """Try everything that a server with some settings would need.

    Raises:
        SettingError: two cameras of one name.
    """
    named = {} if settings.redis_url else named_sources(settings.source)
    yield _tried("bundle", lambda: _bundle(settings))
    for name, source in named.items():
        yield _tried(f"camera {name}", partial(_camera, source, settings))
    if settings.redis_url:
        yield _tried("relay", lambda: _relay(settings))
    if settings.workers > 1:
        yield _tried("workers", lambda: _workers(settings))
    yield _tried("access", lambda: _access(settings))
    yield _tried("storage", lambda: _storage(Path(settings.storage)))
    yield _tried("queue", lambda: _queue(settings))
    yield _tried("port", lambda: _port(settings))


def _tried(check: str, attempt: Callable[[], tuple[str, dict[str, Any]]]) -> Check:
    try:
        words, figures = attempt()
    except ExpressionError as error:
        return Check(check, False, str(error))
    return Check(check, True, words, figures)


def _bundle(settings: Settings) -> tuple[str, dict[str, Any]]:
    start = time.perf_counter()
    model = EmotionModel.load(settings.weights, settings.runtime)
    took = round(time.perf_counter() - start, 2)
    judged = model.card.get("figures", {}).get(model.runtime, {}).get("validation", {})
    right = f", reads {judged['accuracy']:.1%} of its validation faces rightly" if "accuracy" in judged else ""
    figures = {"name": model.name, "runtime": model.runtime, "labels": model.labels, "seconds": took, **judged}
    return f"{model.name} by {model.runtime}, {len(model.labels)} labels, loaded in {took:g} s{right}", figures


def _camera(source: str, settings: Settings) -> tuple[str, dict[str, Any]]:
    """Open a source, in a thread, because a driver may never answer; and count its frames."""
    result: list[tuple[str, dict[str, Any]] | ExpressionError] = []

    def read() -> None:
        try:
            result.append(_watched(source, CaptureFormat(settings.width, settings.height, settings.fps)))
        except ExpressionError as error:
            result.append(error)

    thread = threading.Thread(target=read, name=f"check {without_password(source)}", daemon=True)
    thread.start()
    thread.join(CAMERA_LIMIT)
    if not result:
        raise ExpressionError(f"{without_password(source)} gave no frame within {CAMERA_LIMIT:g} s; is it in use?")
    if isinstance(result[0], ExpressionError):
        raise result[0]
    return result[0]


def _watched(source: str, wanted: CaptureFormat) -> tuple[str, dict[str, Any]]:
    start = time.monotonic()
    with open_source(source, wanted) as opened:
        frame = opened.read()
        if frame is None:
            raise ExpressionError(f"{opened.description}: it ended before its first frame")
        first, count = time.monotonic(), 0
        while time.monotonic() - first < WATCHED and opened.read() is not None:
            count += 1
        fps = count / (time.monotonic() - first)
        described, notice = opened.description, opened.notice
    height, width = frame.image.shape[:2]
    told = f"{described}: {width}x{height}, {fps:.1f} frames a second, the first after {first - start:.2f} s"
    figures = {"width": width, "height": height, "fps": round(fps, 1), "first_frame": round(first - start, 3)}
    return f"{told}. {notice}".strip(". "), {"source": described, **figures}


def _access(settings: Settings) -> tuple[str, dict[str, Any]]:
    check_exposure(settings.host, settings)
    register, names = Register(Path(settings.access)), sorted(names_of(settings))
    figures = {"on": register.on, "exposed": not is_loopback(settings.host), "names": names}
    called = f"; called {', '.join(names)}"
    if not register.on:
        allowed = "whoever reaches it" if settings.insecure_public else "this machine, and no other,"
        return f"off, there is no {register.path}: {allowed} may do everything{called}", figures
    counts = Counter(grant.role for grant in register.contents().grants.values())
    grants = {role: counts[role] for role in ROLES}
    if not os.access(register.path.parent, os.W_OK):
        told = f"access: {register.path.parent} cannot be written, so that no log-out could be noted there"
        raise AccessError(f"{told}; grant it, or take another: --access")
    told = ", ".join(f"{count} may {role}" for role, count in grants.items() if count) or "nobody may come in"
    return f"on, by {register.path}: {told}{called}", {**figures, "grants": grants}


def _storage(folder: Path) -> tuple[str, dict[str, Any]]:
    there = folder
    try:
        there = nearest_existing(folder)
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"can this be written?")
            file.flush()
        free = free_bytes(there)
    except OSError as error:
        told = f"storage: {there} cannot be written ({error.strerror}); grant it, or take another: --storage"
        raise UploadError(told) from None
    if free < SPARE:
        told = f"storage: {free // MEGABYTE:,} MB are free in {there}, expected {SPARE // MEGABYTE:,} MB at least"
        raise UploadError(told)
    made = "" if there == folder.absolute() else ", to be made"
    return f"{folder}{made}: writable, {free / 1e9:,.1f} GB free", {"free_bytes": free}


def _queue(settings: Settings) -> tuple[str, dict[str, Any]]:
    jobs_of(settings)
    where = queue_of(settings)
    if where == "sqlite":
        return "SQLite, in the storage folder", {}
    took, _ = _asked(where, "queue", lambda redis: redis.ping())
    return f"{without_password(where)} answers after {1000 * took:.0f} ms", {"seconds": took}


def _relay(settings: Settings) -> tuple[str, dict[str, Any]]:
    took, names = _asked(settings.redis_url, "redis_url", lambda redis: sorted(redis.smembers(CAMERAS)))
    words = f"{without_password(settings.redis_url)} answers after {1000 * took:.0f} ms"
    return f"{words}; cameras: {', '.join(names) or 'none yet'}", {"seconds": took, "cameras": names}


def _asked(url: str, setting: str, ask: Callable[[Redis], Any]) -> tuple[float, Any]:
    """The seconds that a Redis server takes to answer, and its answer."""
    start = time.perf_counter()
    try:
        with connect(url, REDIS_LIMIT, setting, text=True) as redis:
            answer = ask(redis)
    except UNREACHABLE as error:
        told = f"{setting}: {without_password(url)} does not answer ({error}); is the Redis server running?"
        raise QueueError(told) from None
    return round(time.perf_counter() - start, 4), answer


def _workers(settings: Settings) -> tuple[str, dict[str, Any]]:
    check_workers(settings)
    return f"{settings.workers} under gunicorn, over Redis", {"workers": settings.workers}


def _port(settings: Settings) -> tuple[str, dict[str, Any]]:
    with network.listen(settings.host, settings.port) as listening:
        port = listening.getsockname()[1]
    return f"{port} on {settings.host} is free", {"port": port}


def redacted(name: str, value: Any) -> Any:
    """A setting's value as it may be told: no password is in it."""
    if SETTINGS[name].metadata["secret"]:
        return "(set)" if value else ""
    if isinstance(value, tuple):
        return [without_password(part) for part in value]
    return without_password(value) if isinstance(value, str) else value


def _as_json(choices: Mapping[str, Choice], checks: list[Check]) -> str:
    told = {
        "ok": all(check.ok for check in checks),
        "settings": {
            name: {"value": redacted(name, item.value), "from": item.origin} for name, item in choices.items()
        },
        "checks": [{"check": item.check, "ok": item.ok, "detail": item.detail, **item.data} for item in checks],
    }
    return json.dumps(told, indent=2)


def _as_text(choices: Mapping[str, Choice], checks: list[Check]) -> str:
    lines = ["Settings"]
    for name, item in choices.items():
        value = redacted(name, item.value)
        value = "; ".join(value) if isinstance(value, list) else str(value)
        lines.append(f"  {name:<15} {value:<28} {item.origin}")
    lines.append("Checks")
    lines += [f"  {'ok' if item.ok else 'FAILED':<6}  {item.check:<14} {item.detail}" for item in checks]
    return "\n".join(lines)
