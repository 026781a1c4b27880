"""Who must answer: each once, to the last question, within its time."""

from __future__ import annotations

from typing import Any

from hiq.assure.chains_answers import MOST_DEMANDS
from tests.assure.making import Run, contract, event

CONTEXT = {"id": "c1", "parent_id": None, "user_id": None}
CHILD = {"id": "c2", "parent_id": "c1", "user_id": None}


def triggered() -> Run:
    """Return a run of an automation that has begun."""
    run = Run(contract("ha_automation"))
    run.take(event("automation_triggered", 0.0, CONTEXT), 0.0)
    return run


def call(run: Run, at_s: float, *names: str, **options: Any) -> None:
    """Let a service be called."""
    data = {"domain": "light", "service": "turn_on"}
    context = options.pop("context", CONTEXT)
    target = {"entity_id": ",".join(names) if options else list(names)}
    data |= {"service_data": target, **options}
    run.take(event("call_service", at_s, context, **data), at_s)


def answer(run: Run, at_s: float, name: str, context: Any = CONTEXT) -> None:
    """Let a light change."""
    run.take(event("state_changed", at_s, context, entity_id=name), at_s)


def test_those_who_answer_are_silent() -> None:
    """Each of several, in any order, whether named in a list or in one text."""
    run = triggered()
    call(run, 1.0, "light.a", "light.b")
    call(run, 1.0, "light.c", "light.d", service="toggle")
    for name in "dbca":
        answer(run, 2.0, f"light.{name}")
    run.wait(1000.0)
    assert run.codes == []
    assert run.engine.figures()["ha_automation"]["completed"] == 1


def test_who_does_not_answer_is_named_once() -> None:
    """All of one question together, ten seconds after it; the chain goes on."""
    run = triggered()
    call(run, 1.0, "light.a", "light.b", "light.c")
    answer(run, 2.0, "light.b")
    run.wait(1000.0)
    assert [(at_s, v.code) for at_s, v in run.found] == [(11.0, "NOT_ANSWERED")]
    message = "light.turn_on was not answered within 10 s: light.a, light.c"
    assert run.found[0][1].message == message
    assert run.engine.figures()["ha_automation"]["completed"] == 1


def test_many_are_counted_in_words() -> None:
    """A message stays short."""
    run = triggered()
    call(run, 1.0, *(f"light.l{number}" for number in range(9)))
    run.wait(1000.0)
    assert run.found[0][1].message.endswith("light.l4 and 4 more")


def test_a_service_that_calls_another_asks_once() -> None:
    """`homeassistant.turn_on` calls `light.turn_on`: one fault, one violation."""
    run = triggered()
    call(run, 1.0, "light.a", "light.b", domain="homeassistant")
    call(run, 1.5, "light.a", "light.b")
    run.wait(1000.0)
    assert [at_s for at_s, _ in run.found] == [11.5]


def test_a_script_belongs_to_who_called_it() -> None:
    """Its context has that of the automation as parent."""
    run = triggered()
    call(run, 1.0, "light.a", context=CHILD)
    answer(run, 2.0, "light.a", CHILD)
    call(run, 3.0, "light.b", context=CHILD)
    run.wait(1000.0)
    assert [v.correlation for _, v in run.found] == ["c1"]
    assert "light.b" in run.found[0][1].message


def test_after_a_pause_it_is_still_watched() -> None:
    """An automation that waits for a minute and then acts is the same chain."""
    run = triggered()
    run.wait(60.0)
    assert run.engine.open == 0
    call(run, 61.0, "light.a")
    run.wait(1000.0)
    assert [at_s for at_s, _ in run.found] == [71.0]
    counts = run.engine.figures()["ha_automation"]
    assert (counts["opened"], counts["completed"]) == (1, 1)


def test_what_nobody_triggered_is_not_watched() -> None:
    """A light that a person switches is no automation."""
    run = Run(contract("ha_automation"))
    call(run, 1.0, "light.a")
    run.wait(1000.0)
    assert run.found == []
    assert run.engine.figures()["ha_automation"]["opened"] == 0


def test_questions_are_bounded() -> None:
    """What is not followed is counted."""
    run = triggered()
    for number in range(MOST_DEMANDS + 2):
        call(run, 1.0, f"light.l{number}")
    run.wait(1000.0)
    assert len(run.found) == MOST_DEMANDS
    assert run.engine.figures()["ha_automation"]["evicted"] == 2
