"""Where Home Assistant may be found, and with which token: pure rules.

Settings and environment come as arguments, the answer is an ordered list of
candidates. Nothing is looked up, opened or read here; `hiq.ha.token` reads token
files, and the WebSocket handshake decides which candidate is right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hiq.settings.schema import HomeAssistantSettings

__all__ = [
    "DEFAULT_URL",
    "SUPERVISOR_URL",
    "Candidate",
    "candidates",
    "websocket_url",
]

DEFAULT_URL: Final = "http://homeassistant.local:8123"
SUPERVISOR_URL: Final = "ws://supervisor/core/websocket"
SUPERVISOR_HOST: Final = "supervisor"
SUPERVISOR_TOKEN: Final = "SUPERVISOR_TOKEN"  # noqa: S105  name of a variable
CLOUD_SUFFIX: Final = ".ui.nabu.casa"
SCHEMES: Final = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
API_PATH: Final = "/api/websocket"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One place to try. Exactly one of `token` and `token_file` is set, or none.

    Attributes:
        name: `primary`, `fallback` or `supervisor`, for log and health.
        url: `ws://` or `wss://`, complete.
        token: the token itself; not shown in `repr`.
        token_file: file that holds it.
        verify_ssl: whether the certificate is checked.
        ca_cert: file with further certificates to trust.
        max_message_bytes: bigger messages end the connection.
    """

    name: str
    url: str
    token: str | None = field(default=None, repr=False)
    token_file: str | None = None
    verify_ssl: bool = True
    ca_cert: str | None = None
    max_message_bytes: int = 64 * 1024 * 1024


def websocket_url(url: str) -> str:
    """Return the address of the WebSocket API behind what a user wrote.

    `http` becomes `ws`, `https` becomes `wss`, no scheme means `ws` (`wss` for an
    address of Home Assistant Cloud); `/api/websocket` is added if it is not there.
    The host is never touched. The Supervisor has a path of its own.

    Raises:
        ValueError: it is no address of Home Assistant; the text says why.
    """
    text = url.strip()
    parts = _split(text if "://" in text else f"{_default_scheme(text)}://{text}")
    if parts.scheme not in SCHEMES:
        raise ValueError(
            f"{parts.scheme}:// cannot be used, write http, https, ws or wss"
        )
    if not parts.hostname:
        raise ValueError("the host is missing, write for example http://192.168.1.5")
    if parts.username is not None or parts.password is not None:
        raise ValueError("Home Assistant takes a token, not a user in the address")
    if parts.query or parts.fragment:
        raise ValueError("an address has no ? or # part")
    if any(sign.isspace() for sign in text):
        raise ValueError("an address has no blanks")
    path = _path(parts.hostname, parts.path.rstrip("/"))
    return urlunsplit((SCHEMES[parts.scheme], parts.netloc, path, "", ""))


def candidates(
    settings: HomeAssistantSettings, env: Mapping[str, str]
) -> list[Candidate]:
    """Return the places to try, best first.

    Without a token of its own the primary takes SUPERVISOR_TOKEN from the
    environment, if its address is the Supervisor's or was left at the default; the
    default then becomes the Supervisor's. That token opens no other door.

    Raises:
        ValueError: an address cannot be used.
    """
    found = [_primary(settings, env)]
    if settings.fallback is not None:
        found.append(_candidate("fallback", settings.fallback, settings.fallback.token))
    return found


def _primary(settings: HomeAssistantSettings, env: Mapping[str, str]) -> Candidate:
    """Return the first candidate, which may be the Supervisor."""
    own = settings.token is not None or settings.token_file is not None
    token = env.get(SUPERVISOR_TOKEN) or None
    if own or token is None:
        return _candidate("primary", settings, settings.token)
    if settings.url.rstrip("/") == DEFAULT_URL:
        return _candidate("supervisor", settings, token, SUPERVISOR_URL)
    if urlsplit(websocket_url(settings.url)).hostname == SUPERVISOR_HOST:
        return _candidate("supervisor", settings, token)
    return _candidate("primary", settings, None)


def _candidate(
    name: str,
    settings: HomeAssistantSettings,
    token: str | None,
    url: str | None = None,
) -> Candidate:
    """Return a candidate with the options of these settings; the token wins."""
    return Candidate(
        name=name,
        url=websocket_url(settings.url if url is None else url),
        token=token,
        token_file=settings.token_file if token is None else None,
        verify_ssl=settings.verify_ssl,
        ca_cert=settings.ca_cert,
        max_message_bytes=settings.max_message_bytes,
    )


def _default_scheme(text: str) -> str:
    """Return the scheme of an address that was written without one."""
    host = text.partition("/")[0].partition(":")[0]
    return "wss" if host.lower().endswith(CLOUD_SUFFIX) else "ws"


def _split(url: str) -> SplitResult:
    """Split an address and check its port, which `urlsplit` leaves unchecked."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("the port is not a number from 1 to 65535")
    return parts


def _path(host: str, path: str) -> str:
    """Return the path of the WebSocket API below the path that was written."""
    if path.endswith("/websocket"):
        return path
    if host == SUPERVISOR_HOST:
        return "/core/websocket"
    return f"{path.removesuffix('/api')}{API_PATH}"
