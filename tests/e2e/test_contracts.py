"""A real automation in a real Home Assistant: the light that never answered is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.process import HiqServe, until
from tests.e2e.test_main_job import environment
from tests.servers.home_assistant import HomeAssistant

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]

AUTOMATIONS = """
automation:
  - alias: Evening
    trigger: {platform: event, event_type: evening}
    action:
      - {service: light.turn_on, target: {entity_id: light.bed_light}}
      - {service: input_boolean.turn_on, target: {entity_id: input_boolean.inpx_1}}
  - alias: Night
    trigger: {platform: event, event_type: night}
    action:
      - {service: input_boolean.turn_on, target: {entity_id: input_boolean.inpx_2}}
      - {service: light.turn_on, target: {entity_id: light.dead}}
  - alias: Busy
    trigger: {platform: event, event_type: evening}
    action:
      - {service: light.turn_on, target: {entity_id: light.kitchen_lights}}
      - {service: light.turn_on, target: {entity_id: light.kitchen_lights}}
      - {service: input_boolean.turn_off, target: {entity_id: input_boolean.inpx_9}}
      - service: homeassistant.turn_on
        data: {entity_id: "input_boolean.inpx_3, input_boolean.inpx_4"}
      - {service: input_boolean.toggle, target: {entity_id: input_boolean.inpx_5}}
      - {service: group.set, data: {object_id: made, entities: [light.bed_light]}}
      - {service: homeassistant.turn_on, target: {entity_id: group.all_booleans}}
      - {service: lock.unlock, target: {entity_id: lock.front_door}}
      - {service: cover.close_cover, target: {entity_id: cover.hall_window}}
      - {service: counter.increment, target: {entity_id: counter.coux_1}}
      - {service: input_number.set_value, target: {entity_id: input_number.inpx_1}, data: {value: 0}}
      - {service: homeassistant.update_entity, target: {entity_id: sensor.tpl_1}}
      - {service: script.inner}
      - {delay: 2}
      - {service: script.turn_on, target: {entity_id: script.inner}}
      - {event: night}
  - alias: Follows
    trigger: {platform: state, entity_id: input_boolean.inpx_1}
    action:
      - {service: light.turn_off, target: {entity_id: light.ceiling_lights}}
  - alias: Report
    trigger: {platform: event, event_type: hiq_contract_violation}
    action:
      - service: input_text.set_value
        target: {entity_id: input_text.inpx_0}
        data: {value: "{{ trigger.event.data.code }}"}
script:
  inner:
    sequence:
      - {service: light.toggle, target: {entity_id: light.office_rgbw_lights}}
      - {service: input_text.set_value, target: {entity_id: input_text.inpx_3}, data: {value: x}}
light:
  - platform: template
    lights:
      dead:
        availability_template: "{{ false }}"
        turn_on: []
        turn_off: []
"""
CONFIG = """
contracts: {chains: [ha_automation], tell: event}
backfill: {enabled: false}
http: {requests_per_minute: 0}
sinks: [{type: sqlite, name: store}]
"""


def figures(hiq: HiqServe) -> dict[str, Any]:
    """Return the counts of the contract, from /health."""
    health = hiq.get("/health")[1]
    return dict(health["contracts"]["contracts"]["ha_automation"])


def state(home: HomeAssistant, entity_id: str) -> str:
    """Return a state."""
    found = {one["entity_id"]: one["state"] for one in home.states()}
    return str(found[entity_id])


def test_an_automation_whose_light_is_unavailable_is_told(
    new_home_assistant: Callable[..., HomeAssistant], tmp_path: Path
) -> None:
    """Within ten seconds and once; those whose targets answer, or need not, are silent."""
    home = new_home_assistant("2025.4", extra=AUTOMATIONS)
    assert state(home, "light.dead") == "unavailable"
    hiq = HiqServe(tmp_path / "hiq", CONFIG, **environment(home))
    hiq.start()
    try:
        home.call_service("light", "turn_off", {"entity_id": "light.bed_light"})
        home.fire("evening")  # which ends with the night
        until("told", lambda: figures(hiq)["violations"], 30)
        # What was asked in the evening had to be answered before.
        assert figures(hiq)["violations"] == {"NOT_ANSWERED": 1}
        assert figures(hiq)["opened"] >= 4
        until("heard", lambda: state(home, "input_text.inpx_0") == "NOT_ANSWERED", 20)
        assert state(home, "light.bed_light") == "on"
        assert "light.dead is unavailable" in hiq.log_tail()
        assert hiq.terminate()[0] == 0
    finally:
        hiq.kill()
