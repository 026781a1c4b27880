"""The contracts that come with hiq, as a user would write them in hiq.yaml."""

from __future__ import annotations

from typing import Final

__all__ = ["SHIPPED"]

AGENT_RUN: Final = """
name: agent_run
match:
  event_types:
    - agent_started
    - agent_thinking
    - tool_executing
    - tool_completed
    - agent_completed
    - agent_failed
correlate_by: [data.run_id]
opens_with: agent_started
steps:
  - {event: agent_started}
  - {event: agent_thinking, repeat: true}
  - {event: tool_executing, repeat: true}
  - {event: tool_completed, repeat: true}
  - {event: agent_completed}
alternatives:
  - [agent_started, agent_thinking, tool_executing, tool_completed, agent_completed]
  - [agent_started, agent_thinking, agent_completed]
  - [agent_started, tool_executing, tool_completed, agent_completed]
pairs:
  - open: tool_executing
    close: tool_completed
    key: [data.execution_id, data.tool_name]
terminal: [agent_completed, agent_failed]
max_gap: 30s
max_total: 5m
max_open: {tool_executing: 60s}
min_duration: {agent_thinking: 100ms}
"""

HA_AUTOMATION: Final = """
name: ha_automation
match:
  event_types: [automation_triggered, script_started, call_service, state_changed]
correlate_by: [context.id, context.parent_id]
opens_with: automation_triggered
ignore_unopened: true
steps:
  - {event: automation_triggered}
  - {event: script_started, required: false, repeat: true}
  - {event: call_service, required: false, repeat: true}
  - {event: state_changed, required: false, repeat: true}
interleave: [script_started, call_service, state_changed]
answers:
  - ask: call_service
    each: [data.service_data.entity_id]
    answer: state_changed
    key: [data.entity_id]
    label: [data.domain, data.service]
    within: 10s
complete_after_idle: 30s
max_total: 5m
"""

SHIPPED: Final = {"agent_run": AGENT_RUN, "ha_automation": HA_AUTOMATION}
"""Name -> declaration."""
