"""What must be in the events of agents: five types, each with its rules.

Home Assistant carries them as any other event. Of types that are not here nothing is
known, so nothing is asked of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["agent_codes"]

NEEDED: Final = {
    "agent_started": ("agent_name", "timestamp"),
    "tool_executing": ("tool_name", "agent_name"),
    "tool_completed": ("tool_name",),
    "agent_completed": ("agent_name", "run_id"),
}
OUTCOMES: Final = ("result", "success", "error")
SHORTEST_THOUGHT: Final = 5


def agent_codes(event_type: str, data: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the data of an event of an agent."""
    if any(data.get(name) in {None, ""} for name in _texts(event_type, data)):
        yield "MISSING_DATA"
    if event_type == "agent_thinking":
        thought = data.get("thought")
        if not isinstance(thought, str) or not thought.strip():
            yield "NO_THOUGHT"
        elif len(thought.strip()) < SHORTEST_THOUGHT:
            yield "SHORT_THOUGHT"
    elif event_type == "tool_completed" and not any(name in data for name in OUTCOMES):
        yield "NO_OUTCOME"


def _texts(event_type: str, data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names that are needed and hold nothing that could be odd to compare."""
    for name in NEEDED.get(event_type, ()):
        if not isinstance(data.get(name), dict | list):
            yield name
