"""Is this token good, and whose is it? Verified before anything is accepted.

The algorithms are a fixed list from the settings, and each has keys of its own kind,
so that a public key can never be taken for a secret. Keys, the time and the list of
revoked tokens come as arguments. No header, name or environment changes a verdict,
and no verdict holds any part of the token.
"""

from __future__ import annotations

import hmac
import math
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import jwt

from hiq.clients.denied import Denied
from hiq.clients.principal import Principal, scopes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

__all__ = ["Counts", "Keys", "Throttle", "Verifier", "find_token"]

MAX_TOKEN_BYTES: Final = 8 * 1024
MAX_ADDRESSES: Final = 4096
SUBPROTOCOL: Final = "bearer."
SUBJECT_LIMIT: Final = 255


class Keys(Protocol):
    """Where keys come from."""

    def find(self, algorithm: str, key_id: str | None) -> Any | None:
        """Return the key for an algorithm, None if there is none."""
        ...


def find_token(
    authorization: str | None, protocols: Iterable[str], query: Collection[str]
) -> str | Denied:
    """Return the token of a request, from its header or its subprotocols.

    Args:
        authorization: the header, None without one.
        protocols: what Sec-WebSocket-Protocol offers.
        query: the names of the parameters in the address.
    """
    if "token" in query or "access_token" in query:
        return Denied("TOKEN_IN_QUERY")
    found = [
        offer.removeprefix(SUBPROTOCOL)
        for offer in protocols
        if offer.startswith(SUBPROTOCOL)
    ]
    if authorization is not None:
        scheme, _, value = authorization.strip().partition(" ")
        if scheme.lower() != "bearer":
            return Denied("INVALID_FORMAT", "the scheme is not Bearer")
        found.append(value.strip())
    if not found:
        return Denied("NO_TOKEN")
    if any(len(token.encode(errors="replace")) > MAX_TOKEN_BYTES for token in found):
        return Denied("INVALID_FORMAT", "longer than 8 KiB")
    first = found[0]
    for other in found[1:]:
        if not hmac.compare_digest(first.encode(), other.encode()):
            return Denied("INVALID_FORMAT", "two different tokens")
    return first


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
        except (jwt.InvalidTokenError, ValueError):
            return Denied("INVALID_FORMAT")
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in self._algorithms:
            return Denied("VALIDATION_FAILED", "algorithm")
        key = self._keys.find(algorithm, key_id)
        if key is None:
            if self._keys.find(algorithm, None) is None and key_id is None:
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
        except jwt.DecodeError:
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
        if expires_s is None:
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
        if len(sub) > SUBJECT_LIMIT:
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


class Throttle:
    """Who failed too often waits a little; everybody else does not.

    - An address with `most` failures within `window_s` is refused until `wait_s`
      seconds have passed since the last of them; what is refused is not counted.
    - Beyond the bound of addresses the one that failed longest ago is forgotten.
    """

    def __init__(
        self, most: int, *, window_s: float = 60.0, wait_s: float = 5.0
    ) -> None:
        self._most = most
        self._window_s = window_s
        self._wait_s = wait_s
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def wait_s(self, address: str, now_s: float) -> float:
        """Return for how long an address has to wait; 0 if it may try."""
        found = self._failures.get(address)
        if found is None:
            return 0.0
        while found and found[0] <= now_s - self._window_s:
            found.popleft()
        if not found:
            del self._failures[address]
            return 0.0
        if len(found) < self._most:
            return 0.0
        return max(0.0, found[-1] + self._wait_s - now_s)

    def failed(self, address: str, now_s: float) -> None:
        """Count a failure."""
        found = self._failures.pop(address, None)
        if found is None:
            found = deque(maxlen=max(1, self._most))
        found.append(now_s)
        self._failures[address] = found
        if len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)


@dataclass(slots=True)
class Counts:
    """Handshakes, counted."""

    attempts: int = 0
    successes: int = 0
    failures: dict[str, int] = field(default_factory=dict)

    def count(self, verdict: Principal | Denied) -> None:
        """Count one."""
        self.attempts += 1
        if isinstance(verdict, Denied):
            self.failures[verdict.code] = self.failures.get(verdict.code, 0) + 1
        else:
            self.successes += 1
