"""The tokens made here: whom they are for, never the tokens themselves.

Made, listed and revoked on the command line; the running service only reads which are
revoked. It must not know how tokens are verified.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import jwt

from hiq.clients.keys import REVOKED, write_private

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["TOKENS", "Issued", "Ledger"]

TOKENS: Final = "tokens.json"
MOST_TOKENS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Issued:
    """One token that was made."""

    jti: str
    sub: str
    scope: str
    entities: tuple[str, ...] | None
    event_types: tuple[str, ...] | None
    created: int
    expires: int
    revoked: int | None = None


class Ledger:
    """The tokens in a data folder.

    Args:
        folder: the data folder.
        now_s: Unix seconds.
        leeway_s: by how much a token may be used beyond its end: so long it is kept.
    """

    def __init__(self, folder: Path, now_s: float, *, leeway_s: float = 0.0) -> None:
        self._folder = folder
        self._leeway_s = leeway_s
        self._now_s = int(now_s)

    def issued(self) -> list[Issued]:
        """Return all tokens that can still be used, and the revoked ones of them."""
        found = [Issued(**one) for one in _read(self._folder / TOKENS, [])]
        return [one for one in found if self._can_be_used(one.expires)]

    def create(
        self,
        secret: bytes,
        sub: str,
        *,
        scopes: tuple[str, ...],
        entities: tuple[str, ...] = (),
        event_types: tuple[str, ...] = (),
        seconds: float,
        audience: str | None = None,
        issuer: str | None = None,
    ) -> tuple[str, Issued]:
        """Make a token; only whom it is for is kept."""
        issued = Issued(
            jti=secrets.token_hex(8),
            sub=sub,
            scope=" ".join(scopes),
            entities=entities or None,
            event_types=event_types or None,
            created=self._now_s,
            expires=self._now_s + int(seconds),
        )
        claims: dict[str, Any] = {
            "sub": sub,
            "jti": issued.jti,
            "iat": issued.created,
            "exp": issued.expires,
            "scope": issued.scope,
            "entities": list(entities) or None,
            "event_types": list(event_types) or None,
            "aud": audience,
            "iss": issuer,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode(kept, secret, algorithm="HS256")
        self._write([*self.issued(), issued][-MOST_TOKENS:])
        return token, issued

    def revoke(self, jti: str) -> Issued | None:
        """Revoke a token; None if none of this name was made here."""
        tokens = self.issued()
        for place, one in enumerate(tokens):
            if one.jti == jti:
                tokens[place] = Issued(**{**asdict(one), "revoked": self._now_s})
                self._revoke(jti, one.expires)
                self._write(tokens)
                return tokens[place]
        return None

    def _revoke(self, jti: str, expires: int) -> None:
        path = self._folder / REVOKED
        known = _read(path, {})
        kept = {name: end for name, end in known.items() if self._can_be_used(end)}
        write_private(path, json.dumps({**kept, jti: expires}, indent=1))

    def _can_be_used(self, end: int) -> bool:
        return end + self._leeway_s > self._now_s

    def _write(self, tokens: list[Issued]) -> None:
        found = [asdict(one) for one in tokens]
        write_private(self._folder / TOKENS, json.dumps(found, indent=1))


def _read(path: Path, start: Any) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return start
