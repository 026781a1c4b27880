"""What goes into one append, when several encodings are journaled."""

from __future__ import annotations

from hiq import appending
from hiq._core import Taken
from hiq.errors import JournalError
from hiq.journal.segment import Source


def taken(number: int) -> Taken:
    """One line."""
    return Taken(b"light v=%d\n" % number, 1, number, number)


class Failing:
    """Takes note of appends; those in `fails` raise."""

    def __init__(self, *fails: int) -> None:
        self.appends: list[list[tuple[str, int]]] = []
        self._fails = fails

    def append(self, entries: list[tuple[str, appending.Entry]]) -> None:
        """Take note of one."""
        self.appends.append([(schema, entry.first_ns) for schema, entry in entries])
        if len(self.appends) in self._fails:
            raise JournalError("ha", "EIO")


def test_the_last_schema_is_never_ahead_of_the_others() -> None:
    """Also after a failure that left one of its records in front."""
    journal = Failing(2)
    first = [("raw", taken(1)), ("ha", taken(1))]
    left = appending.append(journal, first, [], Source.LIVE, "ha").left
    second = [("raw", taken(2)), ("ha", taken(2))]
    result = appending.append(journal, second, left, Source.LIVE, "ha")
    assert journal.appends[2:] == [[("ha", 1)], [("raw", 2)], [("ha", 2)]]
    assert not result.left
