"""Fixtures of the journal tests."""

from __future__ import annotations

import pytest

from tests.journal.home import Home


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "journal")
