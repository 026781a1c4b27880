"""The audit of components: claims against counters."""

from __future__ import annotations

from hiq.assure.monitor_claims import KEPT, Audit, Claim


def judge(
    audit: Audit, now_s: float, *, work: int, done: int, well: bool = True
) -> int:
    """Return how many claims are wrong."""
    return len(audit.judge([Claim("sink db", well, work, done, 30.0)], now_s))


def test_work_without_progress_is_a_discrepancy() -> None:
    """After its patience, and over with the first thing that is done."""
    audit = Audit()
    assert not judge(audit, 0.0, work=5, done=7)
    assert not judge(audit, 29.0, work=9, done=7)
    assert judge(audit, 30.0, work=9, done=7)
    assert audit.components["sink db"].verdict == "discrepancy"
    assert not judge(audit, 40.0, work=9, done=8)
    assert audit.components["sink db"].verdict == "ok"


def test_without_work_standing_still_is_fine() -> None:
    """A database that gets nothing is idle, for days; its clock begins with work."""
    audit = Audit()
    judge(audit, 0.0, work=0, done=7)
    judge(audit, 86_400.0, work=0, done=7)
    assert not judge(audit, 86_410.0, work=3, done=7)
    assert not judge(audit, 86_420.0, work=3, done=7)
    assert judge(audit, 86_440.0, work=3, done=7)


def test_who_says_it_is_unwell_is_no_liar() -> None:
    """An outage is known: it is counted, and no discrepancy."""
    audit = Audit()
    judge(audit, 0.0, work=5, done=7, well=False)
    assert not judge(audit, 100.0, work=5, done=7, well=False)
    part = audit.components["sink db"]
    assert (part.verdict, part.failures(100.0)) == ("unwell", 1)
    assert part.failures(1000.0) == 0


def test_history_is_bounded_and_components_are_those_that_are_named() -> None:
    """Fifty changes are kept; a part that is gone is gone here."""
    audit = Audit()
    for number in range(200):
        judge(audit, float(number), work=0, done=0, well=bool(number % 2))
    assert len(audit.components["sink db"].history) == KEPT
    audit.judge([], 201.0)
    assert audit.components == {}
