"""What firehose puts into states: ordinary values of each domain, and trouble."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
from random import Random


class Shade(enum.StrEnum):
    """A string that is an enum, as device classes are."""

    WARM = "warm"


class Ability(enum.IntFlag):
    """A number that is an enum, as supported_features is."""

    DIM = 1
    COLOR = 2


# unit, device class, state class
QUANTITIES = (
    ("W", "power", "measurement"),
    ("kWh", "energy", "total_increasing"),
    ("°C", "temperature", "measurement"),
    ("%", "humidity", "measurement"),
    ("hPa", "pressure", "measurement"),
    ("V", "voltage", "measurement"),
    ("A", "current", "measurement"),
    ("lx", "illuminance", "measurement"),
    ("m/s", "wind_speed", "measurement"),
    ("µg/m³", "pm25", "measurement"),
    ("CZK/kWh", None, "measurement"),
    ("MB", "data_size", "total"),
    (None, None, None),
)

DOMAINS = (
    *("sensor", "binary_sensor", "light", "switch", "climate", "cover", "fan"),
    *("lock", "media_player", "weather", "person", "device_tracker", "sun"),
    *("number", "select", "update", "vacuum", "water_heater", "humidifier"),
    *("alarm_control_panel", "input_number", "counter", "event", "button"),
)

# texts that float() takes and should not, or takes differently than expected
WEIRD_STATES = (
    *("nan", "inf", "-inf", "Infinity", "1e400", "1_000", " 7 ", "0x1F", "1e5", "-0"),
    *("٣", "on", "off", "open", "closed", "home", "not_home", "locked", "unlocked"),
    *("above_horizon", "below_horizon", "true", "True", "", " ", "unknown"),
    *("unavailable", "None", "none", "21,5", "two\nlines", 'q"uote', "back\\"),
    *("žluť 🐎", "x" * 255, "2024-02-29T00:00:00+00:00", "1.0000000000000002"),
    *("0.1", "100000000000000000000", "123456789.123456789"),
)

WEIRD_UNITS = (
    *("m/s", "°C", "a b", "a,b", "a=b", 'a"b', "a\\", "µg/m³", "", " ", "100", "%"),
    *(5, None, True, "\n", "x\ny"),
)

# these make an event that no WebSocket client ever gets
NO_JSON = {
    "duration": dt.timedelta(seconds=90),
    "decimal": decimal.Decimal("1.50"),
    "bytes": b"\x00\xff",
    "huge": 2**70,
}


def weird_attributes() -> dict[str, object]:
    """Return a fresh dictionary with one attribute per kind of trouble."""
    return {
        "none": None,
        "true": True,
        "false": False,
        "negative": -3,
        "tiny": 1e-7,
        "big_float": 1e22,
        "above_2_53": 2**53 + 1,
        "max_int64": 2**63 - 1,
        "max_uint64": 2**64 - 1,
        "negative_zero": -0.0,
        "not_a_number": float("nan"),
        "infinite": float("inf"),
        "nan_text": "nan",
        "infinity_text": "-Infinity",
        "padded_text": " 12.5 ",
        "underscore_text": "1_000",
        "hex_text": "0x10",
        "unit_text": "21.5 °C",
        "version": "v2.10.3",
        "digits_at_end": "abc12",
        "date_text": "2024-01-01",
        "mac": "aa:bb:cc:00:11:22",
        "arabic": "١٢٣",
        "full_width": "１２３",
        "superscript": "x²³",
        "empty": "",
        "space": " ",
        "backslash_end": "tail\\",
        "quoted": 'say "hi"',
        "lines": "a\nb\r\nc\td",
        "nul": "a\x00b",
        "unicode": "žluťoučký kůň 🐎",
        "list": [1, "b'c", None],
        "one_number": [12.5],
        "nested": {"a": {"b": [1, None, True, 1.5, "x"]}},
        "tuple": (1, 2),
        "empty_list": [],
        "datetime": dt.datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC),
        "set": {5},
        "enum_text": Shade.WARM,
        "enum_number": Ability.DIM | Ability.COLOR,
        "key with space": 1,
        "key,comma": 2,
        "key=equals": 3,
        'key"quote': 4,
        "key\\backslash": 5,
        "klíč": 6,
        "value": 99,
        "state": "attribute named state",
        "time": 5,
        "domain": "attribute named domain",
        "entity_id": ["light.a", "light.b"],
        "device_class": "power",
        "friendly_name": "Weird, one=two \\ three",
    }


def measured(which: int) -> dict[str, str]:
    """Return unit, device class and state class of a measuring entity."""
    names = ("unit_of_measurement", "device_class", "state_class")
    quantity = QUANTITIES[which % len(QUANTITIES)]
    return {name: text for name, text in zip(names, quantity, strict=True) if text}


def mixed_state(
    domain: str, which: int, chance: Random
) -> tuple[str, dict[str, object]]:
    """Return a state and attributes as an integration of the domain would set."""
    attributes: dict[str, object] = {"friendly_name": f"Mixed {which} č"}
    if domain in ("sensor", "number", "input_number", "counter"):
        attributes |= measured(which)
        if chance.random() < 0.1:
            return str(chance.randrange(10**6)), attributes
        return repr(round(chance.uniform(-50, 5000), chance.randrange(6))), attributes
    if domain in ("person", "device_tracker"):
        attributes["latitude"] = 50 + chance.random()
        attributes["longitude"] = 14 + chance.random()
        attributes["gps_accuracy"] = chance.randrange(100)
        attributes["user_id"] = None
        return chance.choice(["home", "not_home", "Work place"]), attributes
    if domain in ("event", "button"):
        attributes["event_type"] = None
        return dt.datetime.now(dt.UTC).isoformat(), attributes
    ordinary: dict[str, tuple[list[str], dict[str, object]]] = {
        "light": (
            ["on", "off"],
            {
                "brightness": chance.choice([None, chance.randrange(256)]),
                "rgb_color": (chance.randrange(256), 0, 9),
                "supported_color_modes": ["hs"],
                "supported_features": 40,
            },
        ),
        "climate": (
            ["heat", "cool", "off"],
            {
                "hvac_modes": ["heat", "cool", "off"],
                "current_temperature": chance.choice([21.5, 22, None]),
                "temperature": chance.choice([20, 21.5]),
            },
        ),
        "cover": (["open", "closed"], {"current_position": chance.randrange(101)}),
        "lock": (["locked", "unlocked", "locking"], {}),
        "media_player": (
            ["playing", "paused", "idle"],
            {
                "volume_level": chance.random(),
                "media_title": 'Ti"tle, \\x',
                "media_position_updated_at": dt.datetime.now(dt.UTC),
                "is_volume_muted": False,
            },
        ),
        "weather": (
            ["sunny", "rainy"],
            {
                "temperature": chance.uniform(-5, 30),
                "forecast": [{"datetime": "2024-01-01", "temperature": 1}] * 5,
            },
        ),
        "sun": (
            ["above_horizon", "below_horizon"],
            {"elevation": chance.uniform(-60, 60), "rising": chance.random() < 0.5},
        ),
        "update": (
            ["on", "off"],
            {"latest_version": f"2024.3.{chance.randrange(20)}", "in_progress": False},
        ),
        "select": (["low", "high", "3"], {"options": ["low", "high", "3"]}),
    }
    other = (["on", "off", "3.5"], {"battery_level": chance.randrange(101)})
    states, more = ordinary.get(domain, other)
    return chance.choice(states), attributes | more
