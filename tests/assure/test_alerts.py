"""The book of alerts."""

from __future__ import annotations

from hiq.assure.alerts import Alert, Alerts


def test_raised_once_and_cleared_once() -> None:
    """However often it is said, listeners hear of the beginning and of the end."""
    book, heard = Alerts(), []
    book.listeners.append(heard.append)
    assert book.raise_("latency:db", "warning", "slow", 10.0)
    assert not book.raise_("latency:db", "critical", "slower", 20.0)
    (active,) = book.active
    assert (active.severity, active.message, active.since_s) == (
        "critical",
        "slower",
        10.0,
    )
    assert "latency:db" in book
    assert active.kind == "latency"
    assert book.clear("latency:db", 30.0)
    assert not book.clear("latency:db", 40.0)
    assert [(one.key, one.cleared_s) for one in heard] == [
        ("latency:db", None),
        ("latency:db", 30.0),
    ]
    assert book.active == ()
    assert book.history == (Alert("latency:db", "critical", "slower", 10.0, 30.0),)
    assert book.raised == {"latency": 1}


def test_the_book_is_bounded() -> None:
    """What finds no room is counted; of what is over the newest are kept."""
    book = Alerts(most=2, kept=3)
    for number in range(5):
        book.raise_(f"a:{number}", "warning", "", 0.0)
    assert ([one.key for one in book.active], book.suppressed) == (["a:0", "a:1"], 3)
    for number in range(10):
        book.raise_(f"b:{number}", "warning", "", 1.0)
        book.clear("a:0", 1.0)
        book.clear(f"b:{number}", 2.0)
    assert [one.key for one in book.history] == ["b:7", "b:8", "b:9"]


def test_a_listener_that_fails_stops_nobody() -> None:
    """The next one is told, and the failure is counted."""
    book, heard = Alerts(), []

    def fail(_alert: Alert) -> None:
        raise RuntimeError("a fault of the listener")

    book.listeners += [fail, heard.append]
    book.raise_("conservation", "critical", "", 0.0)
    assert (len(heard), book.failed) == (1, 1)


def test_it_is_not_over_before_it_began() -> None:
    """A clock that was set back makes no negative duration."""
    book = Alerts()
    book.raise_("conservation", "critical", "", 100.0)
    book.clear("conservation", 50.0)
    assert book.history[0].cleared_s == 100.0
