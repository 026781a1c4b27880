"""The parameters of a request as a struct, or the refusal of wrong ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from hiq.web.answer import refusal

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["parameters"]

Q = TypeVar("Q", bound=msgspec.Struct)


def parameters(request: web.Request, kind: type[Q]) -> Q | web.Response:
    """Return the parameters, or the refusal of wrong ones; each may be given once."""
    given: dict[str, Any] = {}
    for name, value in request.query.items():
        if name in given:
            return refusal(400, "bad_parameter", f"{name} is given twice")
        given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as exc:
        return refusal(400, "bad_parameter", str(exc))
