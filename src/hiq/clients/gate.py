"""Who somebody is, by the way of authentication that is configured.

`none` on a loopback address, tokens, or the Supervisor's proxy, which is believed only
when it is the peer of the connection itself. One object judges handshakes of clients
and requests of `/api`, with one count of failures per address.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol
from urllib.parse import urlsplit

from hiq.clients.clocks import moment
from hiq.clients.counts import Counts, Throttle
from hiq.clients.denied import Denied
from hiq.clients.offered import find_token
from hiq.clients.principal import EVERYTHING, Principal
from hiq.settings.hosts import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from aiohttp import web

    from hiq.clients.auth import Verifier
    from hiq.clients.clocks import Clocks
    from hiq.settings.schema import HttpSettings

__all__ = ["Gate", "Mode", "mode_of"]

logger = logging.getLogger("hiq.clients")

Mode = Literal["none", "jwt", "ingress"]
LOCAL: Final = Principal("local", EVERYTHING)
USER_ID: Final = "X-Remote-User-Id"
REFUSALS_OF_THE_TOKEN: Final = frozenset(
    ("INVALID_FORMAT", "VALIDATION_FAILED", "TOKEN_EXPIRED", "MISSING_USER_ID")
)


class Shown(Protocol):
    """What a request of `/api` brings; see `hiq.web.parts.Credentials`."""

    @property
    def authorization(self) -> str | None:
        """The header."""
        ...

    @property
    def protocols(self) -> tuple[str, ...]:
        """The subprotocols."""
        ...

    @property
    def query(self) -> frozenset[str]:
        """The names in the address."""
        ...

    @property
    def address(self) -> str:
        """Where it comes from."""
        ...

    @property
    def peer(self) -> str:
        """The other end of the connection."""
        ...

    @property
    def access(self) -> str:
        """What is asked for."""
        ...

    @property
    def shows_all(self) -> bool:
        """Whether entities of every kind can be in the answer."""
        ...


class Gate:
    """Judges who asks.

    Args:
        mode: how.
        clocks: both clocks.
        verifier: of tokens; None unless `mode` is `jwt`.
        throttle: addresses that failed.
        ingress_address: the only peer that is believed in mode `ingress`.
        keys_good_at_s: for health: Unix seconds at which the key set in force was good.
        has_keys: whether there is any key to verify tokens with.
    """

    def __init__(
        self,
        mode: Mode,
        clocks: Clocks,
        *,
        throttle: Throttle,
        verifier: Verifier | None = None,
        ingress_address: str = "",
        keys_good_at_s: Callable[[], float | None] = lambda: None,
        has_keys: Callable[[], bool] = lambda: True,
    ) -> None:
        self.mode: Mode = mode
        self.counts = Counts()
        self.requests = Counts()
        self._clocks = clocks
        self._verifier = verifier
        self._throttle = throttle
        self._ingress_address = ingress_address
        self._keys_good_at_s = keys_good_at_s
        self._has_keys = has_keys

    @property
    def leeway_s(self) -> float:
        """By how much a token may be used beyond its end."""
        return 0.0 if self._verifier is None else self._verifier.leeway_s

    def verify(self, token: str) -> Principal | Denied:
        """Return whose token it is."""
        if self._verifier is None:
            return Denied("AUTH_SERVICE_ERROR")
        return self._verifier.verify(token, self._clocks.wall())

    def judge(
        self,
        request: web.Request,
        address: str,
        offers: tuple[str, ...],
        origin_allowed: bool,
    ) -> Principal | Denied:
        """Return who wants to connect to `/ws`, or why nobody may."""
        if not origin_allowed and not self.of_ingress(request):
            return Denied("ORIGIN_FORBIDDEN")
        if self.mode == "none":
            if "token" in request.query or "access_token" in request.query:
                return Denied("TOKEN_IN_QUERY")
            return LOCAL
        if self.mode == "ingress":
            return self._of_ingress(request.remote, request.headers)
        return self._of_token(
            request.headers.get("Authorization"), offers, request.query, address
        )

    def admit(self, shown: Shown) -> Denied | None:
        """Return why a request of `/api` may not pass, None if it may."""
        if self.mode == "none":
            return None
        if self.mode == "ingress":
            if shown.peer == self._ingress_address:
                return None
            return Denied("VALIDATION_FAILED", "not through the Supervisor")
        found = self._of_token(
            shown.authorization, shown.protocols, shown.query, shown.address
        )
        self.requests.count(found)
        if isinstance(found, Denied):
            return found
        if shown.access not in found.scopes.words:
            return Denied("FORBIDDEN", f"scope {shown.access}")
        if shown.shows_all and found.scopes.narrowed:
            return Denied("FORBIDDEN", "the token is for some entities or events only")
        return None

    def figures(self) -> dict[str, Any]:
        """Return what health shows of handshakes."""
        counts = self.counts
        rate = counts.successes / counts.attempts if counts.attempts else None
        good_at_s = self._keys_good_at_s()
        return {
            "status": "ok" if self._has_keys() else "no_keys",
            "mode": self.mode,
            "attempts": counts.attempts,
            "successes": counts.successes,
            "failures": dict(counts.failures),
            "success_rate": None if rate is None else round(rate, 4),
            "key_age_s": None if good_at_s is None else self._clocks.wall() - good_at_s,
            "jwks_last_ok": None if good_at_s is None else moment(good_at_s),
        }

    def _of_token(
        self,
        authorization: str | None,
        offers: tuple[str, ...],
        query: Collection[str],
        address: str,
    ) -> Principal | Denied:
        now_s = self._clocks.steady()
        wait_s = self._throttle.wait_s(address, now_s)
        if wait_s:
            return Denied("AUTH_THROTTLED", retry_after_s=math.ceil(wait_s))
        token = find_token(authorization, offers, query)
        found = token if isinstance(token, Denied) else self.verify(token)
        if isinstance(found, Denied) and found.code in REFUSALS_OF_THE_TOKEN:
            self._throttle.failed(address, now_s)
            logger.info(
                "a token was refused",
                extra={"address": address, "code": found.code, "detail": found.detail},
            )
        return found

    def _of_ingress(
        self, peer: str | None, headers: Mapping[str, str]
    ) -> Principal | Denied:
        """Return whom the Supervisor's proxy names; only it can say who somebody is."""
        if peer != self._ingress_address:
            return Denied("VALIDATION_FAILED", "not through the Supervisor")
        sub = headers.get(USER_ID, "")
        if not sub or len(sub) > 255:
            return Denied("MISSING_USER_ID")
        return Principal(sub, EVERYTHING)

    def of_ingress(self, request: web.Request) -> bool:
        """Return whether a page asks that the Supervisor shows, and through it."""
        if self.mode != "ingress" or request.remote != self._ingress_address:
            return False
        origin = urlsplit(request.headers.get("Origin", "")).netloc
        return bool(origin) and origin == request.headers.get("X-Forwarded-Host", "")


def mode_of(http: HttpSettings) -> Mode:
    """Return how clients are known."""
    if http.auth == "auto":
        return "none" if is_loopback(http.host) else "jwt"
    return http.auth
