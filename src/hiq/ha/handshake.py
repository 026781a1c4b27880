"""Why there is no connection: what went wrong before the first message, in one line.

Each line says what helps, if anything does. Nothing here connects or waits.
"""

from __future__ import annotations

from ssl import SSLCertVerificationError, SSLError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import picows

__all__ = ["refusal", "tls_reason"]


def tls_reason(exc: SSLError) -> str:
    """Say in one line what is wrong with TLS, and what helps."""
    if isinstance(exc, SSLCertVerificationError):
        return (
            f"{exc.verify_message}; set home_assistant.ca_cert, or verify_ssl: false "
            "to trust any certificate"
        )
    return f"{exc.reason or exc}; does the server speak TLS, or is it http?"


def refusal(exc: picows.WSHandshakeError) -> str:
    """Say in one line what came in place of a WebSocket."""
    response = exc.response
    if response is None:
        return f"does not speak WebSocket: {exc}"
    status = int(response.status)
    target = response.headers.get("Location")
    if target is not None and 300 <= status < 400:
        return f"redirects to {target[:200]}: write that as home_assistant.url"
    hints = {
        403: "; was this address banned after failed log-ins?",
        404: "; is the path right?",
        502: "; Home Assistant is not up behind its proxy",
    }
    return f"answers with HTTP {status}{hints.get(status, '')}"
