"""What an end of a connection means."""

import ssl

import pytest

from hiq.errors import (
    AuthError,
    CommandError,
    ConnectionLost,
    ProtocolError,
    TokenError,
)
from hiq.ha.diagnosis import classify


def caused(cause):
    """A loss with something below it."""
    exc = ConnectionLost("gone")
    exc.__cause__ = cause
    return exc


@pytest.mark.parametrize(
    ("exc", "reason", "final"),
    [
        (AuthError("no"), "auth", True),
        (TokenError("none"), "auth", True),
        (CommandError("subscribe_events", "unauthorized", ""), "command", False),
        (ProtocolError("odd"), "protocol", False),
        (ConnectionLost("bye", 1000), "closed", False),
        (ConnectionLost("broke", 1006), "closed", False),
        (ConnectionLost("no answer to ping in 10 s"), "timeout", False),
        (caused(TimeoutError()), "timeout", False),
        (caused(ConnectionRefusedError()), "refused", False),
        (caused(OSError()), "network", False),
        (caused(ssl.SSLCertVerificationError()), "tls", False),
        (caused(RuntimeError()), "handshake", False),
        (ZeroDivisionError(), "internal", False),
    ],
)
def test_each_kind_of_end_has_its_meaning(exc, reason, final):
    """Only a refused token is final; the label tells what to look at."""
    diagnosis = classify(exc)
    assert (diagnosis.reason, diagnosis.final) == (reason, final)
