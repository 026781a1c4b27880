"""How a connection is made: which certificates are trusted, and picows' handshake.

What goes wrong becomes one error that says in one line what helps. What is done with
the connection, and how long making it may take, is decided elsewhere. No compression is
offered: with it Home Assistant cuts clients in bursts that it serves in full without.
"""

from __future__ import annotations

import logging
from ssl import CERT_NONE, SSLContext, SSLError, create_default_context
from typing import Final
from urllib.parse import urlsplit

import picows

from hiq.errors import ConnectionLost
from hiq.ha.handshake import refusal, tls_reason
from hiq.words import said_by_system

__all__ = ["connect", "tls_context"]

BUFFER_BYTES: Final = 64 * 1024
"""So that one read gets what may be left in a socket that rests (see `listener`)."""
# What picows has to say comes back as an exception, so its own log stays silent.
_SILENT: Final = logging.getLogger("hiq.ha.connection.picows")
_SILENT.setLevel(logging.CRITICAL + 1)


def tls_context(*, verify: bool, ca_cert: str | None) -> SSLContext:
    """Return what decides which certificates are trusted.

    Args:
        verify: False accepts any certificate, for self-signed homes.
        ca_cert: PEM file with certificates to trust beside the system's.

    Raises:
        ConnectionLost: the file cannot be read.
    """
    context = create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = CERT_NONE
    if ca_cert is not None:
        try:
            context.load_verify_locations(ca_cert)
        except OSError as exc:
            raise ConnectionLost(f"ca_cert {ca_cert}: {exc.strerror or exc}") from exc
    return context


async def connect(
    listener: picows.WSListener,
    url: str,
    *,
    tls: SSLContext | None,
    handshake_s: float,
    max_message_bytes: int,
) -> None:
    """Connect and shake hands; the listener then has the connection.

    Raises:
        TimeoutError: the handshake took longer than `handshake_s` seconds.
        ConnectionLost: it did not work; the cause tells the kind.
    """
    host = urlsplit(url).netloc
    try:
        await picows.ws_connect(
            lambda: listener,
            url,
            ssl_context=tls,
            websocket_handshake_timeout=handshake_s,
            logger_name=_SILENT,
            enable_auto_pong=False,
            max_frame_size=max_message_bytes,
            max_redirects=0,
            # A transport in C, if picows has it, at a fifth less per read. For
            # TLS the loop's own: the other one writes a traceback of its own
            # when a handshake fails.
            use_aiofastnet=None if tls is None else False,
            # A name may have an address that leads nowhere (RFC 8305).
            happy_eyeballs_delay=0.25,
            read_buffer_init_size=BUFFER_BYTES,
        )
    except TimeoutError:
        raise
    except SSLError as exc:
        raise ConnectionLost(f"TLS with {host}: {tls_reason(exc)}") from exc
    except picows.WSHandshakeError as exc:
        raise ConnectionLost(f"{host} {refusal(exc)}") from exc
    except ConnectionResetError as exc:
        hint = "; does it speak TLS?" if tls is not None else ""
        raise ConnectionLost(f"{host} hung up while connecting{hint}") from exc
    except OSError as exc:
        raise ConnectionLost(f"{host}: {said_by_system(exc)}") from exc
