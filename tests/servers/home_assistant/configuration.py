"""The configuration folder of a Home Assistant under test: about 400 entities.

The demo integration, helpers of every kind whose services make real changes,
templates that follow them, and the `firehose` integration beside this file.
The recorder commits once a second, so that history answers soon.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

COMPONENTS = Path(__file__).parent / "custom_components"
QUANTITIES = (
    ("W", "power", "measurement"),
    ("°C", "temperature", "measurement"),
    ("%", "humidity", "measurement"),
    ("kWh", "energy", "total_increasing"),
)
COUNTS = {
    "input_number": 60,
    "input_boolean": 60,
    "input_text": 30,
    "input_select": 15,
    "input_datetime": 6,
    "input_button": 4,
    "counter": 30,
    "timer": 6,
}
BASE = """\
homeassistant:
  name: Test home
  latitude: 50.1
  longitude: 14.4
  elevation: 230
  unit_system: metric
  time_zone: Europe/Prague
  country: CZ
  currency: CZK
http: {{server_host: 127.0.0.1, server_port: {port}}}
recorder: {{commit_interval: 1, purge_keep_days: 2}}
logger: {{default: warning}}
api:
config:
demo:
firehose:
history:
onboarding:
sun:
websocket_api:
"""


def write(folder: Path, port: int, extra: str = "") -> None:
    """Make the folder; `extra` is YAML that is added at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(
        COMPONENTS,
        folder / "custom_components",
        ignore=shutil.ignore_patterns("__pycache__"),
        dirs_exist_ok=True,
    )
    text = "\n".join([BASE.format(port=port), *_helpers(), *_templates(), extra, ""])
    (folder / "configuration.yaml").write_text(text, encoding="utf-8")


def _options(domain: str, number: int) -> str:
    unit = QUANTITIES[number % len(QUANTITIES)][0]
    return {
        "input_number": f"min: -1000, max: 100000, step: 0.01, "
        f'unit_of_measurement: "{unit}"',
        "input_text": "max: 255",
        "input_select": 'options: [low, high, "3", "čau"]',
        "input_datetime": "has_date: true, has_time: true",
        "counter": f"step: {number + 1}",
        "timer": f'duration: "00:00:0{number + 2}"',
    }.get(domain, "")


def _helpers() -> Iterator[str]:
    """Yield sections: input_number.inpx_0 ..., counter.coux_0 ..., timer.timx_0 ..."""
    for domain, count in COUNTS.items():
        yield f"{domain}:"
        for number in range(count):
            fields = [f"name: {domain} {number}", _options(domain, number)]
            yield f"  {domain[:3]}x_{number}: {{{', '.join(filter(None, fields))}}}"
    members = ", ".join(
        f"input_boolean.inpx_{number}" for number in range(COUNTS["input_boolean"])
    )
    yield f"group: {{all_booleans: {{name: All booleans, entities: [{members}]}}}}"


def _templates() -> Iterator[str]:
    """Yield sensors and binary sensors that follow the helpers."""
    yield "template:\n  - sensor:"
    for number in range(COUNTS["input_number"]):
        unit, device_class, state_class = QUANTITIES[number % len(QUANTITIES)]
        yield (
            f"      - name: Tpl {number}\n"
            f"        unique_id: tpl_{number}\n"
            f'        unit_of_measurement: "{unit}"\n'
            f"        device_class: {device_class}\n"
            f"        state_class: {state_class}\n"
            f"        state: \"{{{{ states('input_number.inpx_{number}')"
            ' | float(0) * 2 }}"'
        )
    yield "  - binary_sensor:"
    for number in range(20):
        yield (
            f"      - name: TplB {number}\n"
            f"        unique_id: tplb_{number}\n"
            "        state: "
            f"\"{{{{ is_state('input_boolean.inpx_{number}', 'on') }}}}\""
        )
