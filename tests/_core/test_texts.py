"""Texts that the compiled parts borrow."""

from hiq._core.texts import Texts


def test_counts_its_texts() -> None:
    """Every text of the sequence is kept."""
    assert Texts(["a", "", "é"]).count == 3
    assert Texts([]).count == 0
