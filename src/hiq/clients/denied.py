"""Why somebody is refused before the upgrade: a closed list of codes, as HTTP says it.

It must not know how tokens are verified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

__all__ = ["CODES", "Denied"]

CODES: Final[dict[str, tuple[int, bool, str]]] = {
    "NO_TOKEN": (
        401,
        False,
        (
            "A token is needed: the header `Authorization: Bearer <jwt>`, or the "
            "subprotocol `bearer.<jwt>`."
        ),
    ),
    "TOKEN_IN_QUERY": (
        401,
        False,
        (
            "A token in the address is refused, because addresses are logged; send it "
            "in the header or as subprotocol."
        ),
    ),
    "INVALID_FORMAT": (401, False, "This is not a JSON Web Token."),
    "VALIDATION_FAILED": (401, False, "The token is not valid here."),
    "TOKEN_EXPIRED": (401, True, "The token is expired; get a new one."),
    "MISSING_USER_ID": (401, False, "The token names no user: `sub` is missing."),
    "AUTH_SERVICE_ERROR": (503, True, "No key is at hand to verify tokens with."),
    "AUTH_THROTTLED": (429, True, "Too many wrong tokens came from this address."),
    "CONNECTION_LIMIT": (429, True, "No more connections of this user or address."),
    "ORIGIN_FORBIDDEN": (403, False, "Pages of this origin may not connect."),
    "FORBIDDEN": (403, False, "The token does not allow this."),
}


class _Body(msgspec.Struct, omit_defaults=True, kw_only=True):
    error_code: str
    message: str
    retry_allowed: bool | None = None
    retry_after: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """One refusal.

    Attributes:
        code: one of `CODES`.
        detail: which rule was broken, if the code stands for several; never a value.
        retry_after_s: when another attempt makes sense, if that is known.
    """

    code: str
    detail: str = ""
    retry_after_s: int | None = None

    @property
    def status(self) -> int:
        """The HTTP status."""
        return CODES[self.code][0]

    @property
    def headers(self) -> dict[str, str]:
        """Headers that go with the answer."""
        found: dict[str, str] = {}
        if self.status == 401:
            found["WWW-Authenticate"] = "Bearer"
        if self.retry_after_s is not None:
            found["Retry-After"] = str(self.retry_after_s)
        return found

    def body(self) -> bytes:
        """Return the JSON of the answer."""
        _status, retry, message = CODES[self.code]
        text = f"{message} ({self.detail})" if self.detail else message
        found: Any = _Body(
            error_code=self.code,
            message=text,
            retry_allowed=retry,
            retry_after=self.retry_after_s,
            detail=self.detail or None,
        )
        return msgspec.json.encode(found)
