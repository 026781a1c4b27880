"""Contracts of one's own: other keys than those that come with hiq."""

from __future__ import annotations

from typing import Any

from tests.assure.making import Run, contract, event

DELIVERY = """
{name: delivery,
 match: {event_types: [announced, at_door, taken_in], where: {data.kind: parcel}},
 correlate_by: [data.box, data.parcel],
 steps: [{event: announced}, {event: at_door, required: false, repeat: true},
         {event: taken_in}],
 terminal: [taken_in],
 max_total: 1h}
"""


def delivery() -> Run:
    """Return a run of it."""
    return Run(contract(DELIVERY))


def send(run: Run, event_type: str, at_s: float, **data: Any) -> None:
    """Let an event come."""
    run.take(event(event_type, at_s, kind=data.pop("kind", "parcel"), **data), at_s)


def test_what_is_not_meant_is_no_part_of_it() -> None:
    """Events that say something else at the path of `where`."""
    run = delivery()
    send(run, "announced", 0.0, parcel=1, kind="letter")
    assert run.engine.open == 0
    send(run, "announced", 1.0, parcel=1)
    send(run, "taken_in", 2.0, parcel=1, kind="letter")
    assert run.engine.open == 1
    send(run, "taken_in", 3.0, parcel=1)
    assert run.codes == []
    assert run.engine.figures()["delivery"]["completed"] == 1


def test_a_key_may_begin_again_after_its_end() -> None:
    """The same box is used for one parcel after the other."""
    run = delivery()
    for at_s in (0.0, 100.0, 200.0):
        send(run, "announced", at_s, box="b")
        send(run, "at_door", at_s + 1, box="b")
        send(run, "at_door", at_s + 2, box="b")
        send(run, "taken_in", at_s + 3, box="b")
    run.wait(10_000.0)
    assert run.codes == []
    assert run.engine.figures()["delivery"]["completed"] == 3


def test_a_chain_is_found_by_any_of_its_paths() -> None:
    """It is named by the first path of its opening event."""
    run = delivery()
    send(run, "announced", 0.0, parcel=7)
    send(run, "taken_in", 1.0, box="elsewhere", parcel=7)
    assert run.codes == []
    assert run.engine.figures()["delivery"]["completed"] == 1


def test_without_a_limit_for_gaps_only_the_total_counts() -> None:
    """A parcel may be away for 59 minutes."""
    run = delivery()
    send(run, "announced", 0.0, parcel=1)
    send(run, "announced", 0.0, parcel=2)
    send(run, "taken_in", 3540.0, parcel=1)
    run.wait(10_000.0)
    assert [(at_s, v.code, v.correlation) for at_s, v in run.found] == [
        (3600.0, "TOTAL_EXCEEDED", "2")
    ]


def test_two_contracts_judge_the_same_events_apart() -> None:
    """Each has its own chains and its own counts."""
    hasty = DELIVERY.replace("name: delivery", "name: hasty").replace("1h", "10s")
    run = Run(contract(DELIVERY), contract(hasty))
    send(run, "announced", 0.0, parcel=1)
    send(run, "taken_in", 20.0, parcel=1)
    assert [v.contract for _, v in run.found] == ["hasty"]
    assert run.engine.figures()["delivery"]["violations"] == {}
