"""`python main.py --check`: shows the settings and tests that they work; changes nothing and leaves nothing behind."""

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
from detection.choice import chosen, obstacle
from errors import AccessError, ExpressionError, QueueError, UploadError
from media.limits.disk import SPARE, free_bytes, nearest_existing
from media.limits.uploads import MEGABYTE
from media.queue.storage import jobs_of, queue_of
from model import EmotionModel
from relay.messages import CAMERAS
from sources.names import named_sources

CAMERA_LIMIT = 15.0
"""Seconds after which a camera that has not opened counts as stuck."""
MEASURE_FOR = 1.0
"""Seconds for which a camera's frames are counted."""
REDIS_LIMIT = 3.0
"""Seconds that a Redis server has to answer."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check: whether it passed, a sentence, and data for JSON."""

    check: str
    ok: bool
    detail: str
    data: Mapping[str, Any] = field(default_factory=dict)


def main(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Print the settings and the results as text, or with `options.json` as JSON; return 0 if all passed, else 1."""
    try:
        choices = gather(vars(options), environment)
        settings = Settings(**{name: choice.value for name, choice in choices.items()})
        checks = list(run_checks(settings))
    except ExpressionError as error:
        print(json.dumps({"ok": False, "error": str(error)}) if options.json else f"main.py: {error}")
        return 1
    ok = all(check.ok for check in checks)
    print(_as_json(choices, checks) if options.json else _as_text(choices, checks), flush=True)
    if any(thread.name.startswith("check ") for thread in threading.enumerate()):
        os._exit(1)  # Python crashes when it exits while a camera's driver holds a thread
    return 0 if ok else 1


def run_checks(settings: Settings) -> Iterator[Check]:
    """Test everything that a server with these settings needs.

    Raises:
        SettingError: two cameras have one name.
    """
    named = {} if settings.redis_url else named_sources(settings.source)
    yield _run("bundle", lambda: _bundle(settings))
    yield _run("detector", lambda: _detector(settings))
    for name, source in named.items():
        yield _run(f"camera {name}", partial(_camera, source, settings))
    if settings.redis_url:
        yield _run("relay", lambda: _relay(settings))
    if settings.workers > 1:
        yield _run("workers", lambda: _workers(settings))
    yield _run("access", lambda: _access(settings))
    yield _run("storage", lambda: _storage(Path(settings.storage)))
    yield _run("queue", lambda: _queue(settings))
    yield _run("port", lambda: _port(settings))


def _run(check: str, attempt: Callable[[], tuple[str, dict[str, Any]]]) -> Check:
    try:
        detail, data = attempt()
    except ExpressionError as error:
        return Check(check, False, str(error))
    return Check(check, True, detail, data)


def _bundle(settings: Settings) -> tuple[str, dict[str, Any]]:
    start = time.perf_counter()
    model = EmotionModel.load(settings.weights, settings.runtime)
    seconds = round(time.perf_counter() - start, 2)
    figures = model.card.get("figures", {}).get(model.runtime, {}).get("validation", {})
    accuracy = f", reads {figures['accuracy']:.1%} of its validation faces rightly" if "accuracy" in figures else ""
    data = {"name": model.name, "runtime": model.runtime, "labels": model.labels, "seconds": seconds, **figures}
    return f"{model.name} by {model.runtime}, {len(model.labels)} labels, loaded in {seconds:g} s{accuracy}", data


def _detector(settings: Settings) -> tuple[str, dict[str, Any]]:
    reason = obstacle() if settings.detector == "auto" else ""
    if reason:
        return f"haar, as BlazeFace cannot run: {reason}", {"name": "haar", "reason": reason}
    name = chosen(settings.detector)
    return name, {"name": name}


def _camera(source: str, settings: Settings) -> tuple[str, dict[str, Any]]:
    """Open a source and count its frames, in a thread, because a driver may never answer."""
    result: list[tuple[str, dict[str, Any]] | ExpressionError] = []

    def read() -> None:
        try:
            result.append(_measured(source, CaptureFormat(settings.width, settings.height, settings.fps)))
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


def _measured(source: str, wanted: CaptureFormat) -> tuple[str, dict[str, Any]]:
    start = time.monotonic()
    with open_source(source, wanted) as opened:
        frame = opened.read()
        if frame is None:
            raise ExpressionError(f"{opened.description}: it ended before its first frame")
        first, count = time.monotonic(), 0
        while time.monotonic() - first < MEASURE_FOR and opened.read() is not None:
            count += 1
        fps = count / (time.monotonic() - first)
        description, notice = opened.description, opened.notice
    height, width = frame.image.shape[:2]
    detail = f"{description}: {width}x{height}, {fps:.1f} frames a second, the first after {first - start:.2f} s"
    data = {"width": width, "height": height, "fps": round(fps, 1), "first_frame": round(first - start, 3)}
    return f"{detail}. {notice}".strip(". "), {"source": description, **data}


def _access(settings: Settings) -> tuple[str, dict[str, Any]]:
    check_exposure(settings.host, settings)
    register, names = Register(Path(settings.access)), sorted(names_of(settings))
    data = {"on": register.on, "exposed": not is_loopback(settings.host), "names": names}
    called = f"; called {', '.join(names)}"
    if not register.on:
        allowed = "whoever reaches it" if settings.insecure_public else "this machine, and no other,"
        return f"off, there is no {register.path}: {allowed} may do everything{called}", data
    counts = Counter(grant.role for grant in register.contents().grants.values())
    grants = {role: counts[role] for role in ROLES}
    if not os.access(register.path.parent, os.W_OK):
        reason = f"access: {register.path.parent} cannot be written, so that no log-out could be noted there"
        raise AccessError(f"{reason}; grant it, or take another: --access")
    allowed = ", ".join(f"{count} may {role}" for role, count in grants.items() if count) or "nobody may come in"
    return f"on, by {register.path}: {allowed}{called}", {**data, "grants": grants}


def _storage(folder: Path) -> tuple[str, dict[str, Any]]:
    existing = folder
    try:
        existing = nearest_existing(folder)
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"can this be written?")
            file.flush()
        free = free_bytes(existing)
    except OSError as error:
        reason = f"storage: {existing} cannot be written ({error.strerror}); grant it, or take another: --storage"
        raise UploadError(reason) from None
    if free < SPARE:
        expected = f"expected {SPARE // MEGABYTE:,} MB at least"
        raise UploadError(f"storage: {free // MEGABYTE:,} MB are free in {existing}, {expected}")
    to_be_made = "" if existing == folder.absolute() else ", to be made"
    return f"{folder}{to_be_made}: writable, {free / 1e9:,.1f} GB free", {"free_bytes": free}


def _queue(settings: Settings) -> tuple[str, dict[str, Any]]:
    jobs_of(settings)
    where = queue_of(settings)
    if where == "sqlite":
        return "SQLite, in the storage folder", {}
    seconds, _ = _timed(where, "queue", lambda redis: redis.ping())
    return f"{without_password(where)} answers after {1000 * seconds:.0f} ms", {"seconds": seconds}


def _relay(settings: Settings) -> tuple[str, dict[str, Any]]:
    seconds, names = _timed(settings.redis_url, "redis_url", lambda redis: sorted(redis.smembers(CAMERAS)))
    detail = f"{without_password(settings.redis_url)} answers after {1000 * seconds:.0f} ms"
    return f"{detail}; cameras: {', '.join(names) or 'none yet'}", {"seconds": seconds, "cameras": names}


def _timed(url: str, setting: str, command: Callable[[Redis], Any]) -> tuple[float, Any]:
    """Run a command on a Redis server; return the seconds that it took and its answer."""
    start = time.perf_counter()
    try:
        with connect(url, REDIS_LIMIT, setting, text=True) as redis:
            answer = command(redis)
    except UNREACHABLE as error:
        reason = f"{without_password(url)} does not answer ({error})"
        raise QueueError(f"{setting}: {reason}; is the Redis server running?") from None
    return round(time.perf_counter() - start, 4), answer


def _workers(settings: Settings) -> tuple[str, dict[str, Any]]:
    check_workers(settings)
    return f"{settings.workers} under gunicorn, over Redis", {"workers": settings.workers}


def _port(settings: Settings) -> tuple[str, dict[str, Any]]:
    with network.listen(settings.host, settings.port) as listener:
        port = listener.getsockname()[1]
    return f"{port} on {settings.host} is free", {"port": port}


def redacted(name: str, value: Any) -> Any:
    """A setting's value without passwords, fit to be shown."""
    if SETTINGS[name].metadata["secret"]:
        return "(set)" if value else ""
    if isinstance(value, tuple):
        return [without_password(part) for part in value]
    return without_password(value) if isinstance(value, str) else value


def _as_json(choices: Mapping[str, Choice], checks: list[Check]) -> str:
    report = {
        "ok": all(check.ok for check in checks),
        "settings": {
            name: {"value": redacted(name, item.value), "from": item.origin} for name, item in choices.items()
        },
        "checks": [{"check": item.check, "ok": item.ok, "detail": item.detail, **item.data} for item in checks],
    }
    return json.dumps(report, indent=2)


def _as_text(choices: Mapping[str, Choice], checks: list[Check]) -> str:
    lines = ["Settings"]
    for name, item in choices.items():
        value = redacted(name, item.value)
        value = "; ".join(value) if isinstance(value, list) else str(value)
        lines.append(f"  {name:<15} {value:<28} {item.origin}")
    lines.append("Checks")
    lines += [f"  {'ok' if item.ok else 'FAILED':<6}  {item.check:<14} {item.detail}" for item in checks]
    return "\n".join(lines)
