"""What the mutator puts in the place of values: JSON text that lies on the rules.

Valid words keep a frame valid and change its meaning; broken ones are what a strict
parser has to refuse. It knows nothing of frames.
"""

from __future__ import annotations

import json
from random import Random

NUMBERS = (
    "0 -0 1 12 -5 21.5 0.1 1.50 1e3 1E+22 1e-7 1e16 9999999999999998 123456789012345678 "
    "9007199254740993 18446744073709551615 18446744073709551616 -9223372036854775809 "
    "5e-324 2.2250738585072014e-308 1.7976931348623157e308 -0.0 0e5 1e-400 0.00001 "
    "100000000000000000000000000000000000000 0.30000000000000004 4.35 1e23 8.5e22"
).split()
TEXTS = [
    *"1 1.5 -0 1e3 1_000 nan inf -Infinity on off open closed locked unknown home "
    "unavailable not_home 99% v1.2 1.2.3 12:34 12-34 x٣٤ １２ ² None True 5. .5 +5 "
    "1__0 0x10 1,234.5 on off below_horizon é € 😀 ￿ 21.5°C 9.99e+99 state time".split(),
    *("", " ", " 7 ", "\u00a07", "\x1c5", "9" * 400, "5\x00", "a\\", "a\\ b", "#x"),
    *('a"b', "a'b", "'\"", "a\nb", "a\r\nb", "\u2028", "x\x85y", "a,b=c d", "\\\\n"),
    *("2026-01-01T10:20:30.5+00:00", "2026-11-20T15:09:29.798309+00:00", "x" * 31),
    *("y" * 15 + '"', "z" * 16 + "é", "w" * 63 + "\\", "long " * 40, "\U0010ffff"),
]
TIMES = (
    "2026-11-20T15:09:29.798309+00:00 2026-11-20T15:09:29+00:00 1969-12-31T23:59:59Z "
    "2026-11-20T15:09:29.5+01:00 2024-02-29T23:59:59.000001-11:30 "
    "2026-13-01T00:00:00+00:00 2026-11-20T15:09:29 2023-02-29T00:00:00Z "
    "2262-04-11T23:47:15.999999+00:00 2262-04-11T23:47:16+00:00 0001-01-01T00:00:00Z "
    "1677-09-21T00:12:44+00:00 9999-12-31T23:59:59.999999-23:59 "
    "2026-11-20T24:00:00+00:00 2026-11-20T15:09:29.1234567+00:00 "
    "2026-11-20T15:09:29.79830a+00:00 2026-11-20T15:09:60.798309+00:00"
).split()
NAMES = [
    *"value state time time_ value_ value_str state_str a a_ a_str domain entity_id x "
    "unit_of_measurement device_class friendly_name rgb_color hs_color last_triggered "
    "supported_color_modes xy_color hvac_modes min_temp max_temp attributes new_state "
    "old_state event_type data type event context time_fired media_position_updated_at".split(),
    *("", " ", "a b", "a=b", "a,b", "é", "a\\", "#", "\n", "\\", "x" * 40),
]
ENTITIES = (
    "sensor.x sensor.y light.x light.a1 group.x climate.x automation.x script.x "
    "media_player.x binary_sensor.motion_2 zone.home a.b.c x . .x x. sensor.X é.é"
).split()
MODES = ("onoff", "hs", "xy", "off", "heat", "cool", "auto", "brightness", "no")

RAW_VALUES = [
    *(b"null", b"true", b"false", b"[]", b"{}", b"[1,2]", b"[255,200,10]", b'["a"]'),
    *(b'{"a":{"b":[1,null,true,1.5,"x"]}}', b'{"a":1,"a":2}', b"[[[[]]]]", b"[ ]"),
    *(
        b'"\\u0041\\n\\t"',
        b'"\\ud83d\\ude00"',
        b'"\\/\\b\\f"',
        b'"\\u0000"',
        b'"\\u2028"',
    ),
    *(b'["onoff"]', b'["hs","xy"]', b"[26.752,31.945]", b'"\\u0665\\u00b2"', b"{ }"),
]
BROKEN_VALUES = [
    *(b"01", b"1.", b".5", b"+1", b"1e", b"1e+", b"NaN", b"Infinity", b"-", b"--1"),
    *(b"1_0", b"0x1", b"1e309", b"-1e400", b"9" * 400, b"tru", b"nul", b"None", b"'a'"),
    *(b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u12g4"', b'"\\x41"', b'"\\', b'"\n"'),
    *(
        b'"\x00"',
        b'"\xc0\x80"',
        b'"\xed\xa0\x80"',
        b'"\xf4\x90\x80\x80"',
        b'"\xe2\x82"',
    ),
    *(b'"\xfe"', b'"\x80"', b"[1,]", b"[,1]", b'{"a"}', b'{"a":}', b"{1:2}", b"[1 2]"),
    *(b'{"a":1,}', b"[1", b'{"a":1', b'"', b"]", b"}", b"", b"1 2", b"\xef\xbb\xbf1"),
    *(
        b"/**/1",
        b"\x0c1",
        b"\xc2\xa01",
        b"nullx",
        b"1x",
        b'"a""b"',
        b'"\\ud83d\\u0041"',
    ),
]
SPACE = (b" ", b"\n", b"\t", b"\r\n", b"  ", b" " * 17)
PUNCTUATION = (b",", b":", b"{", b"}", b"[", b"]", b'"', b"\\", b"\x00", b"\x1f", b"0")


def quoted(text: str) -> bytes:
    """JSON text of a string, its characters as they are."""
    return json.dumps(text, ensure_ascii=False).encode()


def number(random: Random) -> bytes:
    """A number of any length, precision and size; always valid."""
    kind = int(random.random() * 6)
    if kind == 0:
        return b"%d" % int(random.random() * 100)
    if kind == 1:
        return (b"%.1f", b"%.2f", b"%.3f")[int(random.random() * 3)] % (
            random.random() * 200 - 50
        )
    if kind == 2:
        return b"%d" % random.getrandbits(1 + int(random.random() * 80))
    if kind == 3:
        return repr(random.random() * 10 ** int(random.random() * 40 - 20)).encode()
    if kind == 4:
        return b"%de%d" % (random.getrandbits(60), int(random.random() * 500 - 330))
    return b"%d.%d" % (random.getrandbits(20), random.getrandbits(40))


UNITS = (
    *(0x0, 0x1F, 0x20, 0x22, 0x41, 0x5C, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xD800),
    *(0xD83D, 0xDBFF, 0xDC00, 0xDE00, 0xDFFF, 0xE000, 0xFFFF),
)
LEADS = b"\x7f\x80\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5\xfe"
TAILS = b"\x80\x80\x8f\x90\x9f\xa0\xbf\xbf\x7f\xc0\x22"


def borderline(random: Random) -> bytes:
    """A string of escapes, or of bytes, that are at the borders of what is valid."""
    made = b"x" * int(random.random() * 34)
    for _ in range(1 + int(random.random() * 3)):
        if random.random() < 0.6:
            form = b"\\u%04x" if random.random() < 0.7 else b"\\u%04X"
            made += form % random.choice(UNITS)
        else:
            tails = random.choices(TAILS, k=int(random.random() * 4))
            made += bytes([random.choice(LEADS), *tails])
    return b'"' + made + b"y" * int(random.random() * 3) + b'"'


VALID = [
    *(text.encode() for text in NUMBERS),
    *(quoted(text) for text in (*TEXTS, *TEXTS, *MODES, *TIMES[:3])),
    *RAW_VALUES,
    *RAW_VALUES,
]
KEYS = [
    *(quoted(text) for text in NAMES),
    *(
        b'"\\u0061"',
        b'"t\\u0069me"',
        b'"valu\\u0065"',
        b'"\\ud83d\\ude00"',
        b'"st\\u0061te"',
    ),
]
STATES = [
    *(quoted(text) for text in (*TEXTS, *NUMBERS, "on", "off", "12.5", "7")),
    *(b'"\\u0031"', b'"o\\u006e"', b'"\\u0663"', b'"\\n5"'),
]
STAMPS = [quoted(text) for text in TIMES]
IDS = [quoted(text) for text in ENTITIES]
