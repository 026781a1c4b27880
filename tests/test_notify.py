"""Messages to systemd, received on a real socket."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from hiq.notify import Notifier


@pytest.mark.parametrize("abstract", [False, True])
def test_fields_arrive(tmp_path: Path, abstract: bool) -> None:
    """Fields arrive as lines, on a path and in the abstract namespace."""
    name = f"hiq-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name if abstract else name)
        manager.settimeout(5)
        address = "@" + name if abstract else name
        assert Notifier({"NOTIFY_SOCKET": address}).send(READY="1", STATUS="a\nb")
        assert manager.recv(1000) == b"READY=1\nSTATUS=a b"


def test_without_systemd_nothing_happens() -> None:
    """Without the variable no message goes out."""
    assert Notifier({}).send(READY="1") is False


def test_a_manager_that_does_not_listen(tmp_path: Path) -> None:
    """A missing socket is no error."""
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    assert notifier.send(READY="1") is False


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_watchdog(environment: dict[str, str], seconds: float | None) -> None:
    """The time that systemd allows is read, if it is meant for this process."""
    assert Notifier(environment).watchdog_s == seconds
