"""Requests per minute and address, with a clock set by hand."""

from __future__ import annotations

from hiq.web.limits import AddressLimit


def test_so_many_and_no_more() -> None:
    """A full bucket, then one for each part of the minute."""
    limit = AddressLimit(6)
    assert [limit.wait_s("a", 0.0) for _ in range(6)] == [0.0] * 6
    assert limit.wait_s("a", 0.0) == 10.0
    assert limit.wait_s("a", 4.0) == 6.0
    assert limit.wait_s("a", 10.0) == 0.0
    assert limit.wait_s("a", 10.0) > 0


def test_addresses_do_not_disturb_each_other() -> None:
    """Each has a bucket of its own."""
    limit = AddressLimit(1)
    assert limit.wait_s("a", 0.0) == 0.0
    assert limit.wait_s("a", 0.0) > 0
    assert limit.wait_s("b", 0.0) == 0.0


def test_the_number_of_addresses_is_bounded() -> None:
    """The one silent for longest is forgotten."""
    limit = AddressLimit(1, limit=2)
    for address in ("a", "b", "a", "c"):
        limit.wait_s(address, 0.0)
    assert len(limit) == 2
    assert limit.wait_s("a", 0.0) > 0


def test_zero_is_no_limit() -> None:
    """Nothing is counted then."""
    limit = AddressLimit(0)
    assert not any(limit.wait_s("a", 0.0) for _ in range(1000))
    assert len(limit) == 0
