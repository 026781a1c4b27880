"""Errors of the system, as people know them."""

from __future__ import annotations

import errno
import socket

import pytest

from hiq.words import said_by_system

CALL = "Connect call failed ('127.0.0.1', 8123)"
SEVERAL = (
    "Multiple exceptions: [Errno 111] Connect call failed ('::1', 8123, 0, 0), "
    "[Errno 111] Connect call failed ('127.0.0.1', 8123)"
)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, CALL), "Connection refused"),
        (OSError(SEVERAL), "Connection refused"),
        (OSError(f"{SEVERAL}, [Errno 113] x"), "Connection refused, No route to host"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (OSError("odd"), "odd"),
        (ValueError("bad"), "bad"),
        (ValueError(), "ValueError"),
        (ConnectionResetError(), "ConnectionResetError"),
    ],
)
def test_what_it_is_called(error: Exception, words: str) -> None:
    """The system's words where it has some, else the error's, else its name."""
    assert said_by_system(error) == words
