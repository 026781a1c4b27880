"""The value that a batch is handed out in."""

from hiq._core import Taken


def test_is_a_plain_tuple() -> None:
    """Its parts have names and a fixed order."""
    assert Taken(b"x", 1, 2, 3) == (b"x", 1, 2, 3)
    assert Taken._fields == ("data", "points", "first_ns", "last_ns")
