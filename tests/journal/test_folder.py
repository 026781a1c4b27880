"""The folder: one owner, one format, cursors that may be lost."""

from __future__ import annotations

import os

import pytest

from hiq.errors import JournalError, JournalLocked
from tests.journal.home import Home, append, drain


@pytest.mark.parametrize("content", [b"", b"{", b'{"sink": 1}'])
def test_a_damaged_cursor_only_sends_again(home, content):
    """A cursor file that cannot be read lets its sink begin at the oldest record."""
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    append(journal, 1, 2)
    drain(cursor)
    journal.close()
    (home.path / "cursors" / "db.json").write_bytes(content)
    journal = home.open()
    assert drain(journal.cursor("db", "ha")) == [1, 2]
    journal.close()


def test_one_journal_has_one_owner(home):
    """A second opening is refused, and says by whom it is held."""
    journal = home.open()
    with pytest.raises(JournalLocked, match=str(os.getpid())):
        home.open()
    journal.close()
    journal.close()
    home.open().close()


def test_a_newer_layout_is_refused(home):
    """A folder of a later hiq is left alone, with a clear message."""
    home.open().close()
    (home.path / "format").write_text("9\n")
    with pytest.raises(JournalError, match="format '9', this hiq reads 1"):
        home.open()
    (home.path / "format").write_text("1\n")
    home.open().close()


def test_a_folder_that_cannot_be_used_is_a_journal_error(tmp_path):
    """A file where the folder should be gives a JournalError that names it."""
    (tmp_path / "journal").write_text("")
    with pytest.raises(JournalError, match="journal"):
        Home(tmp_path / "journal").open()
