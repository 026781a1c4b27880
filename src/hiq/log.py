"""Logging of the service: text on a terminal, one JSON object per line otherwise.

Modules use named loggers of the standard library and give data as `extra` fields.
Every line goes through one handler that masks all secrets told to `hide`. It knows
no module of hiq but the settings, and it never sees an event.
"""

from __future__ import annotations

import json
import logging
import math
import sys
from collections import OrderedDict
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.settings.schema import LogSettings

__all__ = [
    "JsonFormatter",
    "TextFormatter",
    "Throttle",
    "correlation",
    "hide",
    "mask",
    "redact",
    "setup",
]

correlation: ContextVar[str] = ContextVar("correlation", default="")
"""What the lines of this context belong to, for example one request; "" = nothing."""

STARS = "****"
SHORTEST_SECRET = 4
SHORTEST_TOKEN = 32
_SECRETS: set[str] = set()
_OF_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def mask(secret: str) -> str:
    """Return stars and, if it is as long as a token, its last four characters."""
    return STARS + secret[-4:] if len(secret) >= SHORTEST_TOKEN else STARS


def hide(*secrets: str | None) -> None:
    """Mask these texts in every line logged from now on.

    Texts shorter than four characters are left alone: masking them would garble
    every line without hiding anything.
    """
    _SECRETS.update(s for s in secrets if s and len(s) >= SHORTEST_SECRET)


def setup(
    settings: LogSettings, stream: TextIO | None = None, *, quiet: bool = False
) -> logging.Handler:
    """Send all logging of the process to the stream (standard error); returns it.

    A former handler of ours is replaced. Loggers of `hiq` follow the settings, those
    of libraries speak from WARNING on. `quiet` is for commands that print a table:
    warnings and errors only.
    """
    stream = sys.stderr if stream is None else stream
    as_json = settings.format == "json" or (
        settings.format == "auto" and not stream.isatty()
    )
    handler = _Handler(stream)
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    root = logging.getLogger()
    for former in [h for h in root.handlers if isinstance(h, _Handler)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    logging.getLogger("hiq").setLevel(max(level, logging.WARNING) if quiet else level)
    logging.captureWarnings(capture=True)
    return handler


class _Handler(logging.StreamHandler[TextIO]):
    """The handler of `setup`, told from those of others by its type."""


class TextFormatter(logging.Formatter):
    """`2026-11-20T16:30:00.123Z INFO hiq.ingest: connected url=http://ha:8123`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, and the lines of a traceback if there is one."""
        text = (
            f"{_timestamp(record)} {record.levelname} {record.name}: "
            f"{redact(record.getMessage())}"
        )
        fields = _fields(record)
        if fields:
            text += "".join(f" {key}={value}" for key, value in fields.items())
        trace = _trace(record)
        return f"{text}\n{trace}" if trace else text


class JsonFormatter(logging.Formatter):
    """One JSON object per line; a caller's field is never overwritten."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line without line breaks."""
        line: dict[str, Any] = {
            "timestamp": _timestamp(record),
            "level": record.levelname,
            "service": "hiq",
            "logger": record.name,
            "message": redact(record.getMessage()),
            "context": {
                "filename": record.filename,
                "lineno": record.lineno,
                "function": record.funcName,
                "module": record.module,
            },
        }
        trace = _trace(record)
        if trace:
            line["exception"] = trace
        for key, value in _fields(record).items():
            line[key + "_" if key in line else key] = value
        return json.dumps(line)


class Throttle:
    """Lets a repeated message through once per interval and counts the others.

    - Keys are remembered up to `limit`; the one not used for longest is forgotten.
    - The clock returns seconds and never goes back (`time.monotonic`).
    """

    def __init__(
        self, interval_s: float, clock: Callable[[], float], *, limit: int = 1024
    ) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._limit = limit
        self._seen: OrderedDict[object, tuple[float, int]] = OrderedDict()

    def allow(self, key: object) -> int | None:
        """Return how many were suppressed since the last one, None = be silent."""
        now = self._clock()
        since, suppressed = self._seen.get(key, (None, 0))
        if since is not None and now - since < self._interval_s:
            self._seen[key] = (since, suppressed + 1)
            self._seen.move_to_end(key)
            return None
        self._seen[key] = (now, 0)
        self._seen.move_to_end(key)
        if len(self._seen) > self._limit:
            self._seen.popitem(last=False)
        return suppressed


def redact(value: Any) -> Any:
    """Return the value as JSON can carry it, every known secret masked."""
    if isinstance(value, str):
        for secret in _SECRETS:
            if secret in value:
                value = value.replace(secret, mask(secret))
        return value
    if isinstance(value, dict):
        return {redact(str(key)): redact(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return redact(str(value))


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what the caller gave as `extra`, and what the line belongs to."""
    found = {
        key: redact(value)
        for key, value in vars(record).items()
        if key not in _OF_RECORD
    }
    belongs_to = correlation.get()
    return {"correlation_id": belongs_to, **found} if belongs_to else found


def _trace(record: logging.LogRecord) -> str:
    """Return the traceback as text, "" if there is none."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    text: str = redact(logging.Formatter().formatException(record.exc_info))
    return text


def _timestamp(record: logging.LogRecord) -> str:
    """Return the time of the record in UTC, milliseconds."""
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
