"""Durations and sizes as people write them: `250ms`, `1h30m`, `7d`, `64MiB`, `2G`.

Pure text to number and back. A bare number is seconds or bytes.
"""

from __future__ import annotations

import math
import re

__all__ = ["duration", "show_duration", "show_size", "size"]

SECONDS = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
}
BYTES = {
    "": 1,
    "b": 1,
    "k": 1024,
    "kib": 1024,
    "kb": 1000,
    "m": 1024**2,
    "mib": 1024**2,
    "mb": 1000**2,
    "g": 1024**3,
    "gib": 1024**3,
    "gb": 1000**3,
    "t": 1024**4,
    "tib": 1024**4,
    "tb": 1000**4,
}
_NUMBER = r"\d+(?:\.\d+)?"
_PART = re.compile(rf"\s*({_NUMBER})\s*([a-z]+)", re.ASCII)
_SIZE = re.compile(rf"\s*({_NUMBER})\s*([a-z]*)\s*", re.ASCII)


def duration(text: str) -> float:
    """Return seconds; ValueError if the text is no duration."""
    lowered = text.strip().lower()
    if re.fullmatch(_NUMBER, lowered, re.ASCII):
        return _finite(float(lowered), text)
    total = 0.0
    end = 0
    for part in _PART.finditer(lowered):
        if part.start() != end or part[2] not in SECONDS:
            raise ValueError(text)
        total += float(part[1]) * SECONDS[part[2]]
        end = part.end()
    if end == 0 or end != len(lowered):
        raise ValueError(text)
    # 0.25 is written as 250 * 0.001; the sum shall not show how it was made.
    return round(_finite(total, text), 9)


def size(text: str) -> int:
    """Return bytes; ValueError if the text is no size."""
    found = _SIZE.fullmatch(text.lower())
    if found is None or found[2] not in BYTES:
        raise ValueError(text)
    return round(_finite(float(found[1]) * BYTES[found[2]], text))


def _finite(number: float, text: str) -> float:
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def show_duration(seconds: float) -> str:
    """Return the text that `duration` reads as this many seconds."""
    for unit in ("w", "d", "h", "m", "s", "ms"):
        count = round(seconds / SECONDS[unit], 9)
        if count >= 1 and count == int(count):
            return f"{int(count)}{unit}"
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def show_size(count: int) -> str:
    """Return the text that `size` reads as this many bytes."""
    for name in ("TiB", "GiB", "MiB", "KiB"):
        unit = BYTES[name.lower()]
        if count >= unit and count % unit == 0:
            return f"{count // unit}{name}"
    return str(count)
