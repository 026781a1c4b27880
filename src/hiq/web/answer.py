"""Structs as HTTP answers, and refusals in the one shape that all of them have."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from hiq.web.types.errors import Failure, Refusal, Unavailable

__all__ = ["answer", "refusal", "unavailable"]

_ENCODER = msgspec.json.Encoder()


def answer(found: Any, status: int = 200) -> web.Response:
    """Return a struct, or what JSON knows, as an answer."""
    return web.Response(
        body=_ENCODER.encode(found), status=status, content_type="application/json"
    )


def refusal(status: int, code: str, message: str) -> web.Response:
    """Return a refusal."""
    return answer(Refusal(code, message), status)


def unavailable(message: str, status: int = 503) -> web.Response:
    """Return that a part is not there, or did not do its work."""
    return answer(Unavailable(Failure(message)), status)
