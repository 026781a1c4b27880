"""Finds Home Assistants: by zeroconf if it is installed, and where they usually are.

Only looks and listens, logs in nowhere. It does not know what is done with what it
finds. Service type: https://developers.home-assistant.io/docs/api/native-app-integration
and the integration `zeroconf`, which announces `_home-assistant._tcp.local.`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["USUAL", "Found", "find"]

SERVICE: Final = "_home-assistant._tcp.local."
USUAL: Final = (("homeassistant.local", 8123), ("127.0.0.1", 8123))
CONNECT_S: Final = 2.0
MOST: Final = 32
"""No home has more; whoever announces more is not believed."""


@dataclass(frozen=True, slots=True)
class Found:
    """A Home Assistant, or what says so.

    Attributes:
        url: where it is.
        name: what it calls itself, "" if it was found by its address.
        version: its version, "" if unknown.
    """

    url: str
    name: str = ""
    version: str = ""


async def find(
    seconds: float, usual: Iterable[tuple[str, int]] = USUAL
) -> tuple[list[Found], bool]:
    """Look for so many seconds.

    Returns:
        what was found, announced ones first, each address once; and whether the
        network could be listened to (the package `zeroconf` is there).
    """
    try:
        import zeroconf.asyncio as announced  # noqa: PLC0415  an extra
    except ImportError:
        listened, heard = False, list[Found]()
    else:
        listened, heard = True, await _listen(announced, seconds)
    tries = await asyncio.gather(*(_reach(host, port) for host, port in usual))
    by_url = {one.url: one for one in [*filter(None, tries), *heard]}
    return sorted(by_url.values(), key=lambda one: (not one.name, one.url)), listened


async def _listen(announced: Any, seconds: float) -> list[Found]:
    """Return what announces itself."""
    names: set[str] = set()

    def heard(*, name: str, **_: Any) -> None:
        if len(names) < MOST:
            names.add(name)

    found: list[Found] = []
    async with announced.AsyncZeroconf() as network:
        browser = announced.AsyncServiceBrowser(
            network.zeroconf, [SERVICE], handlers=[heard]
        )
        await asyncio.sleep(seconds)
        await browser.async_cancel()
        for name in sorted(names):
            info = await network.async_get_service_info(SERVICE, name, 1000)
            one = None if info is None else told(name, info)
            if one is not None:
                found.append(one)
    return found


def told(name: str, info: Any) -> Found | None:
    """Return what an announcement says, None if it says no usable address."""
    said: Mapping[bytes, bytes | None] = info.properties or {}

    def of(key: str) -> str:
        value = (said.get(key.encode()) or b"").decode("utf-8", "replace").strip()
        return value if value.isprintable() else ""

    url = of("internal_url") or of("base_url")
    if not url.startswith(("http://", "https://")):
        addresses = info.parsed_addresses()
        if not addresses:
            return None
        host = addresses[0]
        url = f"http://{f'[{host}]' if ':' in host else host}:{info.port}"
    shown = of("location_name") or name.removesuffix(f".{SERVICE}")
    return Found(url.rstrip("/"), shown, of("version"))


async def _reach(host: str, port: int) -> Found | None:
    """Return the address if something listens there."""
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return None
    writer.close()
    return Found(f"http://{host}:{port}")
