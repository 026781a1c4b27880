"""Is this token good, and whose is it? Verified before anything is accepted.

The algorithms are a fixed list from the settings, and each has keys of its own kind,
so that a public key can never be taken for a secret. Keys, the time and the list of
revoked tokens come as arguments. No header, name or environment changes a verdict,
and no verdict holds any part of the token.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Protocol

import jwt

from hiq.clients.denied import Denied
from hiq.clients.principal import Principal, is_unicode, scopes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["Keys", "Verifier"]

SUBJECT_LIMIT: Final = 255
END_OF_DATES_S: Final = 253_402_300_800
"""The year 10000: clients are told the end of a token as a date."""


class Keys(Protocol):
    """Where keys come from."""

    def find(self, algorithm: str, key_id: str | None) -> Any | None:
        """Return the key for an algorithm, None if there is none."""
        ...

    def has(self, algorithm: str) -> bool:
        """Return whether there is any key for an algorithm."""
        ...


class Verifier:
    """Judges tokens.

    Args:
        keys: where keys are found.
        algorithms: those that are allowed; `none` never is.
        audience: what `aud` must hold; None does not look.
        issuer: what `iss` must be; None does not look.
        leeway_s: by how much clocks may differ.
        revoked: whether the `jti` of a token was revoked.
    """

    def __init__(
        self,
        keys: Keys,
        algorithms: Collection[str],
        *,
        audience: str | None = None,
        issuer: str | None = None,
        leeway_s: float = 0.0,
        revoked: Callable[[str], bool] = lambda _jti: False,
    ) -> None:
        if not algorithms or "none" in {name.lower() for name in algorithms}:
            raise ValueError(f"algorithms must be named, and never none: {algorithms}")
        self._keys = keys
        self._algorithms = frozenset(algorithms)
        self._audience = audience
        self._issuer = issuer
        self.leeway_s = leeway_s
        self._revoked = revoked

    def verify(self, token: str, now_s: float) -> Principal | Denied:
        """Return whose token it is, or why it is refused."""
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            return Denied("INVALID_FORMAT")
        algorithm, key_id = header.get("alg"), header.get("kid")
        # The header is not verified yet: it can hold JSON of any kind.
        if not isinstance(algorithm, str) or algorithm not in self._algorithms:
            return Denied("VALIDATION_FAILED", "algorithm")
        key = self._keys.find(algorithm, key_id)
        if key is None:
            if not self._keys.has(algorithm):
                return Denied("AUTH_SERVICE_ERROR")
            return Denied("VALIDATION_FAILED", "key")
        claims = self._decode(token, key, algorithm)
        if isinstance(claims, Denied):
            return claims
        return self._principal(claims, now_s)

    def _decode(
        self, token: str, key: Any, algorithm: str
    ) -> Mapping[str, Any] | Denied:
        """Return the claims of a token that is signed, for us, by whom we trust.

        Its times are looked at afterwards: the library would ask a clock of its own.
        """
        looked_at = {
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
            "verify_sub": False,
            "verify_jti": False,
            "verify_aud": self._audience is not None,
            "verify_iss": self._issuer is not None,
        }
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                options=looked_at,  # type: ignore[arg-type]
                audience=self._audience,
                issuer=self._issuer,
            )
        except jwt.InvalidSignatureError:  # before its base, the error of decoding
            return Denied("VALIDATION_FAILED", "signature")
        except (jwt.DecodeError, RecursionError):
            return Denied("INVALID_FORMAT")
        except jwt.InvalidAudienceError:
            return Denied("VALIDATION_FAILED", "audience")
        except jwt.InvalidIssuerError:
            return Denied("VALIDATION_FAILED", "issuer")
        except jwt.MissingRequiredClaimError as exc:
            return Denied("VALIDATION_FAILED", exc.claim)
        except (jwt.PyJWTError, ValueError, TypeError):
            return Denied("VALIDATION_FAILED", "token")
        return claims

    def _principal(self, claims: Mapping[str, Any], now_s: float) -> Principal | Denied:
        expires_s = _moment(claims.get("exp"))
        if expires_s is None or expires_s >= END_OF_DATES_S:
            return Denied("VALIDATION_FAILED", "exp")
        if expires_s + self.leeway_s <= now_s:
            return Denied("TOKEN_EXPIRED")
        for name in ("nbf", "iat"):
            if name in claims:
                moment_s = _moment(claims[name])
                if moment_s is None or moment_s - self.leeway_s > now_s:
                    return Denied("VALIDATION_FAILED", name)
        sub = claims.get("sub")
        if not isinstance(sub, str) or not sub:
            return Denied("MISSING_USER_ID")
        if len(sub) > SUBJECT_LIMIT or not is_unicode(sub):
            return Denied("VALIDATION_FAILED", "sub")
        jti = claims.get("jti")
        if jti is not None and (not isinstance(jti, str) or self._revoked(jti)):
            return Denied("VALIDATION_FAILED", "revoked")
        scopes = scopes_of(claims)
        if isinstance(scopes, str):
            return Denied("VALIDATION_FAILED", scopes)
        return Principal(sub, scopes, expires_s)


def _moment(given: Any) -> float | None:
    """Return a time in a token as Unix seconds, None if it is no number."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    try:
        found = float(given)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None
