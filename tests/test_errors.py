"""Errors carry data, and their texts are computed from it."""

from __future__ import annotations

import inspect

import pytest

from hiq import errors
from hiq.errors import (
    AuthError,
    CommandError,
    ConfigError,
    ConnectionLost,
    HiqError,
    JournalFull,
    Problem,
    ServiceUnreachable,
    TransitionError,
)

TEXTS = [
    (
        ConfigError(
            Problem("hiq.yaml", 3, "journal.commit", "expected a duration"),
            Problem("environment", 0, "log.level", "expected info"),
            Problem("hiq.yaml", 0, "", "not YAML"),
        ),
        (
            "hiq.yaml:3: journal.commit: expected a duration\n"
            "environment: log.level: expected info\n"
            "hiq.yaml: not YAML"
        ),
    ),
    (
        AuthError("Invalid access token"),
        (
            "Home Assistant refused the token (Invalid access token); make a new "
            "long-lived access token in its user profile and put it in hiq's settings"
        ),
    ),
    (
        TransitionError("FAILED", "CONNECTED"),
        "connection state CONNECTED may not follow FAILED",
    ),
    (ConnectionLost("reset by peer"), "reset by peer"),
    (ConnectionLost("closed", 1006), "closed (1006)"),
    (
        CommandError("get_states", "unauthorized", "No"),
        "Home Assistant refused get_states: unauthorized: No",
    ),
    (
        JournalFull("/data/journal", "2 GiB reached"),
        "journal /data/journal: 2 GiB reached",
    ),
    (
        ServiceUnreachable("http://127.0.0.1:8001", "refused"),
        "no hiq answers at http://127.0.0.1:8001: refused; is `hiq serve` running?",
    ),
]


@pytest.mark.parametrize(("error", "text"), TEXTS, ids=lambda v: type(v).__name__)
def test_texts(error, text):
    """Each error says in one sentence what happened, and where it can what to do."""
    assert str(error) == text


def test_one_tree():
    """Every exception hangs below HiqError and stands in the docstring's tree."""
    found = {
        name: item
        for name, item in vars(errors).items()
        if inspect.isclass(item) and issubclass(item, Exception)
    }
    assert all(issubclass(item, HiqError) for item in found.values())
    assert [name for name in found if name not in errors.__doc__] == []
    assert sorted([*found, "Problem"]) == sorted(errors.__all__)


def test_data_is_kept():
    """What an error was made of can be read again."""
    problem = Problem("f", 1, "k", "m")
    assert ConfigError(problem).problems == (problem,)
    lost = ConnectionLost("closed", 1006)
    assert (lost.reason, lost.code) == ("closed", 1006)
    full = JournalFull("/j", "why")
    assert (full.path, full.reason) == ("/j", "why")
