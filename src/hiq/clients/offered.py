"""Where a request shows its token: the header, or a subprotocol, never the address."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from hiq.clients.denied import Denied

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["find_token"]

MAX_TOKEN_BYTES: Final = 8 * 1024
SUBPROTOCOL: Final = "bearer."


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
    # A header can hold bytes that are no UTF-8, which come as single surrogates.
    first, *others = (token.encode(errors="surrogatepass") for token in found)
    for other in others:
        if not hmac.compare_digest(first, other):
            return Denied("INVALID_FORMAT", "two different tokens")
    return found[0]
