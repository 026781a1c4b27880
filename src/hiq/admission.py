"""Who may ask, by the settings: the gate, its keys, and the fetching of keys.

What verifies tokens is loaded only where tokens are asked for. It must not know what
is asked.
"""

from __future__ import annotations

import ssl
from functools import partial
from typing import TYPE_CHECKING, Any

from hiq.clients.counts import Throttle
from hiq.clients.gate import Gate, mode_of
from hiq.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hiq.clients.clocks import Clocks
    from hiq.clients.remotekeys import FetchedKeys
    from hiq.settings.schema import Settings

__all__ = ["Admission"]


class Admission:
    """The gate of one service.

    - After `open`: the gate judges. ConfigError: a key that is named cannot be had.
    - `run` fetches keys, and returns at once where none are fetched.
    """

    def __init__(
        self,
        settings: Settings,
        clocks: Clocks,
        in_thread: Callable[[Callable[[], Any]], Awaitable[Any]],
    ) -> None:
        self._settings = settings
        self._clocks = clocks
        self._in_thread = in_thread
        self._remote: FetchedKeys | None = None

    async def open(self) -> Gate:
        """Read keys, and return the gate."""
        gate: Gate = await self._in_thread(self._make)
        return gate

    async def run(self) -> None:
        """Fetch keys, for ever."""
        if self._remote is not None:
            await self._remote.run()

    def _make(self) -> Gate:
        security = self._settings.security
        mode = mode_of(self._settings.http)
        make = partial(
            Gate,
            mode,
            self._clocks,
            throttle=Throttle(security.auth_failures, wait_s=security.auth_wait),
            ingress_address=security.ingress_address,
        )
        if mode != "jwt":
            return make()
        from hiq.clients.auth import Verifier  # noqa: PLC0415  only where tokens are
        from hiq.clients.keys import KeyRing, Revoked  # noqa: PLC0415  asked for

        data_dir = self._settings.data_dir
        self._remote = self._make_remote()
        ring = KeyRing(security, data_dir, self._remote)
        verifier = Verifier(
            ring,
            security.algorithms,
            audience=security.audience,
            issuer=security.issuer,
            leeway_s=security.leeway,
            revoked=Revoked(data_dir),
        )
        return make(
            verifier=verifier,
            keys_good_at_s=lambda: ring.set_good_at_s,
            has_keys=lambda: any(map(ring.has, security.algorithms)),
        )

    def _make_remote(self) -> FetchedKeys | None:
        security = self._settings.security
        if security.jwks_url is None:
            return None
        from hiq.clients.remotekeys import CACHE, FetchedKeys  # noqa: PLC0415  rare

        remote = FetchedKeys(
            security.jwks_url,
            self._settings.data_dir / CACHE,
            refresh_s=security.jwks_refresh,
            ca_cert=security.jwks_ca_cert,
            wall=self._clocks.wall,
        )
        try:
            remote.load()
        except (OSError, ssl.SSLError) as exc:
            problem = f"{security.jwks_ca_cert}: {exc.strerror or exc}"
            raise ConfigError(
                Problem("settings", 0, "security.jwks_ca_cert", problem)
            ) from exc
        return remote
