"""The engine: valid orders are silent, each fault is named once, in its time."""

from __future__ import annotations

import pytest

from hiq.assure.contracts import contract_of
from tests.assure.making import Run, contract, declared, event

ORDERS = (
    (
        "agent_started",
        "agent_thinking",
        "tool_executing",
        "tool_completed",
        "agent_completed",
    ),
    ("agent_started", "agent_thinking", "agent_completed"),
    ("agent_started", "tool_executing", "tool_completed", "agent_completed"),
)
FULL = ORDERS[0]
FOREVER_S = 10_000.0


def agent_run() -> Run:
    """Return a run of the contract that comes with hiq."""
    return Run(contract("agent_run"))


def full_order_only() -> Run:
    """Return a run of the same contract without its alternatives."""
    given = dict(declared("[agent_run]")[0])
    del given["alternatives"]
    return Run(contract_of(given))


def play(run: Run, *events: str, step_s: float = 1.0) -> None:
    """Play events of one run at a steady pace; tools are the same tool."""
    for number, event_type in enumerate(events):
        run(event_type, number * step_s, tool_name="a", agent_name="x")


@pytest.mark.parametrize("order", ORDERS)
def test_a_valid_order_is_complete_and_silent(order: tuple[str, ...]) -> None:
    """Each of the three orders is complete without a violation, however long after."""
    run = agent_run()
    play(run, *order)
    run.wait(FOREVER_S)
    assert run.codes == []
    assert run.engine.figures()["agent_run"]["completed"] == 1
    assert run.engine.open == 0


def test_several_rounds_of_thinking_and_tools_are_valid() -> None:
    """Repeats are free: only the first occurrence of a step has a place."""
    run = agent_run()
    rounds = ("agent_thinking", "tool_executing", "tool_completed") * 3
    play(run, "agent_started", *rounds, "agent_completed")
    run.wait(FOREVER_S)
    assert run.codes == []


@pytest.mark.parametrize("after", range(1, 4))
def test_a_failed_run_ends_validly_from_anywhere(after: int) -> None:
    """`agent_failed` ends a run after any step, and open pairs with it."""
    run = agent_run()
    play(run, *FULL[:after], "agent_failed")
    run.wait(FOREVER_S)
    assert run.codes == []


@pytest.mark.parametrize(
    ("left_out", "code", "step"),
    [
        ("agent_started", "MISSING_STEP", "agent_started"),
        ("agent_thinking", "MISSING_STEP", "agent_thinking"),
        ("tool_executing", "CLOSE_WITHOUT_OPEN", "tool_completed"),
        ("tool_completed", "MISSING_STEP", "tool_completed"),
        ("agent_completed", "MISSING_STEP", "agent_completed"),
    ],
)
def test_fault_1_a_step_is_missing(left_out: str, code: str, step: str) -> None:
    """Each of the five steps left out of the full order is named, once."""
    run = full_order_only()
    play(run, *(name for name in FULL if name != left_out))
    run.wait(FOREVER_S)
    assert run.codes == [code]
    assert run.found[0][1].step == step


def test_started_and_completed_alone_are_no_order() -> None:
    """A run without any work in it is not silently taken as complete."""
    run = agent_run()
    play(run, "agent_started", "agent_completed")
    run.wait(FOREVER_S)
    assert run.codes == ["MISSING_STEP"]


def test_a_run_that_never_started_is_named_by_the_clock() -> None:
    """Events without their begin are told when the gap is too long."""
    run = agent_run()
    play(run, "agent_thinking")
    run.wait(FOREVER_S)
    assert run.codes == ["MISSING_STEP"]
    assert run.found[0][1].step == "agent_started"
    assert run.found[0][0] == 30.0


def test_fault_2_steps_are_swapped() -> None:
    """It is told when the step comes that should have been there before."""
    run = agent_run()
    play(run, "agent_thinking", "agent_started", *FULL[2:])
    run.wait(FOREVER_S)
    assert run.codes == ["OUT_OF_ORDER"]
    assert run.found[0][0] == 1.0


def test_fault_2_a_second_begin_is_out_of_order() -> None:
    """A run begins once."""
    run = agent_run()
    play(run, "agent_started", "agent_started", *FULL[1:])
    run.wait(FOREVER_S)
    assert run.codes == ["OUT_OF_ORDER"]


def test_fault_3_a_close_without_an_open() -> None:
    """A tool that completes was executing."""
    run = agent_run()
    play(run, *FULL[:2], *FULL[3:])
    run.wait(FOREVER_S)
    assert run.codes == ["CLOSE_WITHOUT_OPEN"]
    assert run.found[0][0] == 2.0


def test_fault_4_a_pair_with_another_key() -> None:
    """Executing one tool and completing another is one fault, not two."""
    run = agent_run()
    play(run, *FULL[:2])
    run("tool_executing", 2.0, tool_name="a")
    run("tool_completed", 3.0, tool_name="b")
    run("agent_completed", 4.0)
    run.wait(FOREVER_S)
    assert run.codes == ["PAIR_KEY_MISMATCH"]


def test_fault_5_an_event_after_the_terminal_one() -> None:
    """It opens no new chain; what follows it is not told again."""
    run = agent_run()
    play(run, *ORDERS[1], "agent_thinking", "agent_thinking")
    run.wait(FOREVER_S)
    assert run.codes == ["AFTER_TERMINAL"]
    assert run.found[0][0] == 3.0
    assert run.engine.open == 0


def test_fault_6_a_gap() -> None:
    """Silence of more than 30 s with no tool open is told at 30 s, not at 31."""
    run = agent_run()
    play(run, *FULL[:2])
    run("tool_executing", 32.0, tool_name="a")
    run.wait(FOREVER_S)
    assert run.codes == ["GAP_EXCEEDED"]
    assert run.found[0][0] == 31.0
    assert run.found[0][1].step == "agent_thinking"


def test_fault_7_the_total() -> None:
    """A run of 301 s whose events never pause for long is told at 300 s."""
    run = agent_run()
    run("agent_started", 0.0)
    for number in range(1, 16):
        run("agent_thinking", number * 20.0 - 1.0)
    run("agent_completed", 301.0)
    run.wait(FOREVER_S)
    assert run.codes == ["TOTAL_EXCEEDED"]
    assert run.found[0][0] == 300.0


def test_fault_8_open_too_long() -> None:
    """A tool that is open for 61 s is told at 60 s, and not as a gap as well."""
    run = agent_run()
    play(run, *FULL[:3])
    run("tool_completed", 63.0, tool_name="a")
    run("agent_completed", 64.0)
    run.wait(FOREVER_S)
    assert run.codes == ["OPEN_TOO_LONG"]
    assert run.found[0][0] == 62.0


def test_fault_9_a_duplicate() -> None:
    """The very same event twice is told and set aside: the run goes on."""
    run = agent_run()
    play(run, *FULL[:2])
    for _ in range(2):
        run.take(event("tool_executing", 2.0, run_id="r", tool_name="a"), 2.0)
    run("tool_completed", 3.0, tool_name="a")
    run("agent_completed", 4.0)
    run.wait(FOREVER_S)
    assert run.codes == ["DUPLICATE"]
    assert run.engine.figures()["agent_run"]["completed"] == 1


def test_a_short_thought_is_a_warning() -> None:
    """The shortest duration is judged by the times of the events, and breaks nothing."""
    run = agent_run()
    run("agent_started", 0.0)
    run("agent_thinking", 1.0)
    run("agent_completed", 1.05)
    assert run.codes == ["TOO_SHORT"]
    assert run.found[0][1].is_warning
    assert run.engine.figures()["agent_run"]["completed"] == 1


def test_an_open_tool_replaces_the_gap_until_it_closes() -> None:
    """45 s in a tool are no gap; 31 s after it are one."""
    run = agent_run()
    play(run, *FULL[:3])
    run("tool_completed", 47.0, tool_name="a")
    run("agent_thinking", 48.0)
    run.wait(FOREVER_S)
    assert [round(at_s) for at_s, _ in run.found] == [78]


def test_concurrent_runs_do_not_touch_each_other() -> None:
    """Of ten runs with their events interleaved only the broken one is told."""
    run = agent_run()
    for number, event_type in enumerate(FULL):
        for name in range(10):
            if name == 4 and event_type == "tool_completed":
                continue
            at_s = number + name / 100
            run(event_type, at_s, run_id=str(name), tool_name="a")
    run.wait(FOREVER_S)
    assert run.codes == ["MISSING_STEP"]
    assert run.found[0][1].correlation == "4"
    assert run.engine.figures()["agent_run"]["completed"] == 9


def test_two_tools_may_be_open_at_once() -> None:
    """Pairs are told apart by the first key that is there."""
    run = agent_run()
    run("agent_started", 0.0)
    run("tool_executing", 1.0, tool_name="a", execution_id=1)
    run("tool_executing", 2.0, tool_name="a", execution_id=2)
    run("tool_completed", 3.0, tool_name="a", execution_id=2)
    run("tool_completed", 4.0, tool_name="a", execution_id=1)
    run("agent_completed", 5.0)
    run.wait(FOREVER_S)
    assert run.codes == []


def test_what_cannot_be_told_apart_is_counted() -> None:
    """An event without the value that names its chain is not judged."""
    run = agent_run()
    run.take(event("agent_thinking", 0.0), 0.0)
    assert run.engine.figures()["agent_run"]["uncorrelated"] == 1
    assert run.engine.open == 0


def test_missed_events_judge_nobody() -> None:
    """After a cut, open chains are forgotten, and what goes on from before as well."""
    run = agent_run()
    play(run, *FULL[:3])
    assert run.engine.reset(10.0) == 1
    run("tool_completed", 11.0, tool_name="a")
    run("agent_completed", 12.0)
    run("agent_started", 13.0, run_id="new")
    run.wait(FOREVER_S)
    assert run.codes == ["GAP_EXCEEDED"]
    assert run.found[0][1].correlation == "new"


def test_open_chains_are_bounded_and_evictions_counted() -> None:
    """Beyond the bound the oldest chain goes, unjudged."""
    run = Run(contract("agent_run"), most_open=10)
    for number in range(25):
        run("agent_started", 0.0, run_id=str(number))
    assert run.engine.open == 10
    assert run.engine.figures()["agent_run"]["evicted"] == 15
    run.wait(FOREVER_S)
    assert len(run.codes) == 10


def test_a_violation_says_what_and_when() -> None:
    """The record names the chain, the step, the events and the time since the begin."""
    run = agent_run()
    play(run, *FULL[:2])
    run.wait(FOREVER_S)
    violation = run.found[0][1]
    assert violation.contract == "agent_run"
    assert violation.correlation == "r"
    assert violation.message == "nothing had come 30 s after agent_thinking"
    assert violation.after_s == 31.0
    assert [name.partition("@")[0] for name in violation.events] == list(FULL[:2])
