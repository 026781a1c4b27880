"""Numbers, texts, times and nested values, each beside what Python itself says.

One frame carries many values of one kind as attributes of an entity. What must come
out is worked out value by value from `float()`, `str()`, `datetime` and the rules of
the reference, without any of its frames. A value is counted, not a frame.
"""

from __future__ import annotations

import argparse
import json
import math
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal, localcontext
from random import Random

from hiq import Pipeline
from tests.fuzz import words
from tests.fuzz.judge import Difference
from tests.reference.frames import Rejected, time_ns
from tests.reference.line import field_value, one_line
from tests.reference.text import digit_tail, number_of, text_of

MANY = 48
STAMP = "2026-11-20T15:09:29.798309+00:00"
HEAD = (
    b'{"type":"event","event":{"event_type":"state_changed","data":{"entity_id":"s.x",'
)
NUMERIC = (
    "0123456789+-._eE \t\x0b\x1c\xa0\u2003",
    "0123456789.",
    "infatyINFATY+- ",
    "01٣２๐१.,%x ²\x85é𝟘𞥐",
    "0123456789-:T+Z ",
)
TEXT = (
    "ab\"'\\\n\r\t\x00\x1f\x7f\x85\xa0\xad\u0378\u2028\u200b\ufeff\uffff€é😀\U000e0001"
)


class Maker:
    """Makes JSON texts of values of some kind."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.kinds: dict[str, Callable[[], str]] = {
            "number": self.number,
            "numeric text": self.numeric,
            "text": self.text,
            "nested": self.nested,
        }

    def below(self, count: int) -> int:
        """A number from 0 on."""
        return int(self.random.random() * count)

    def number(self) -> str:
        """A JSON number; most are doubles in an unusual form."""
        random, kind = self.random, self.below(12)
        if kind == 0:
            return words.number(random).decode()
        if kind == 1:
            return str(random.getrandbits(1 + self.below(70)) - (1 << self.below(64)))
        if kind == 2:
            digits = str(random.getrandbits(1 + self.below(120)))
            at = self.below(len(digits))
            return f"{digits[: at + 1].lstrip('0') or '0'}.{digits[at:]}"
        (double,) = struct.unpack("d", random.getrandbits(64).to_bytes(8, "little"))
        if not math.isfinite(double):
            return "0"
        if kind <= 6:
            text = f"{double:.{self.below(25)}e}"
            # The largest ones can be rounded to more than a double holds.
            return text if math.isfinite(float(text)) else repr(double)
        if kind == 7:
            # Half way between two doubles, and just beside that.
            with localcontext() as context:
                context.prec = 900
                middle = (Decimal(double) + Decimal(math.nextafter(double, 0))) / 2
                text = f"{middle:.{self.below(60) + 15}e}"
            return text
        return repr(double).replace("+", self.random.choice(("+", "")))

    def numeric(self) -> str:
        """A text that looks like a number."""
        if self.below(4) == 0:
            return words.quoted(self.number()).decode()
        letters = self.random.choice(NUMERIC)
        text = "".join(self.random.choices(letters, k=self.below(14)))
        return json.dumps(text, ensure_ascii=self.below(2) == 0)

    def text(self) -> str:
        """A text of letters that are special somewhere, or of any."""
        if self.below(2):
            text = "".join(self.random.choices(TEXT, k=self.below(40)))
        else:
            points = (self.below(0x110000) for _ in range(self.below(12)))
            text = "".join(chr(p) for p in points if not 0xD800 <= p < 0xE000)
        return json.dumps(text, ensure_ascii=self.below(2) == 0)

    def nested(self, depth: int = 0) -> str:
        """A list or map; also with repeated keys and very many of them."""
        kind = self.below(6 if depth < 4 else 3)
        if kind == 0 and depth:
            return self.number()
        if kind == 1 and depth:
            return self.text()
        if kind == 2 and depth:
            return self.random.choice(
                ("null", "true", "false", "[]", "{}", "-0", "{ }")
            )
        count = self.below(4) if self.below(200) else 60 + self.below(10)
        comma = self.random.choice((",", ", ", ",\n"))
        if kind % 2:
            return f"[{comma.join(self.nested(depth + 1) for _ in range(count))}]"
        members = (f"{self.text()}:{self.nested(depth + 1)}" for _ in range(count))
        return f"{{{comma.join(members)}}}"

    def stamp(self) -> str:
        """A time, or nearly one."""
        below = self.below
        years = (2026, 2024, 2000, 1900, 2100, 1677, 2262, 1970, below(10_000))
        month = below(14) if below(3) else 2
        day = below(33) if below(2) else 27 + below(5)
        text = (
            f"{self.random.choice(years):04}-{month:02}-{day:02}T"
            f"{below(25):02}:{below(61):02}:{below(61):02}"
        )
        if below(4):
            text += "." + str(self.random.getrandbits(24)).zfill(7)[: 1 + below(7)]
        text += self.random.choice(
            ("+00:00", "Z", f"+{below(25):02}:{below(61):02}", "-11:30", "+00:00", "")
        )
        if below(8) == 0:
            at = below(len(text))
            text = text[:at] + self.random.choice("0 9T:-+Z.x٣") + text[at + 1 :]
        return text


def expected(name: str, value: object) -> list[str]:
    """The fields of one attribute, as they stand in a line."""
    number = number_of(value)
    if number is not None:
        return [f"{name}={field_value(number)}"] if math.isfinite(number) else []
    text = text_of(value)
    tail = digit_tail(text)
    found = []
    if tail is not None and math.isfinite(tail):
        found.append(f"{name}={field_value(tail)}")
    return [*found, f"{name}_str={field_value(one_line(text))}"]


def frame_of(values: list[str], stamp: str = STAMP) -> bytes:
    """An event with these attributes."""
    attributes = ",".join(f'"k{i:02}":{text}' for i, text in enumerate(values))
    rest = '"new_state":{"state":"on","attributes":{' + attributes + '}}},"time_fired":'
    return HEAD + (rest + json.dumps(stamp) + "}}").encode()


def check_values(pipeline: Pipeline, values: list[str]) -> None:
    """Judge values of any kinds, all in one event. Raises Difference."""
    frame = frame_of(values)
    verdict = pipeline.feed(frame)
    line = pipeline.take().decode()
    fields = [
        field
        for i, text in enumerate(values)
        for field in expected(f"k{i:02}", json.loads(text))
    ]
    want = ",".join([*fields, 'state="on"', "value=1.0"])
    if line != f"s.x,domain=s,entity_id=x {want} {time_ns(STAMP)}\n":
        raise Difference("values", frame, line, (want, verdict))


def check_stamp(pipeline: Pipeline, stamp: str) -> None:
    """Judge a time. Raises Difference."""
    frame = frame_of([], stamp)
    verdict = pipeline.feed(frame)
    line = pipeline.take().decode()
    try:
        want: int | str = time_ns(stamp)
    except Rejected as reason:
        want = str(reason)
    said = int(line.rsplit(" ", 1)[1]) if line else pipeline.rejects()[-1][0]
    if said != want:
        raise Difference("time", frame, said, (want, verdict))


def run(seed: int, stop: float, most: int = 1 << 62) -> Counter[str]:
    """Judge values until a time or a number of them. Raises Difference."""
    random = Random(seed)
    maker = Maker(random)
    count: Counter[str] = Counter()
    pipeline = Pipeline()
    while time.monotonic() < stop and count.total() < most:
        for kind, make in maker.kinds.items():
            values = [make() for _ in range(MANY)]
            # Integers beyond a double are refused with their frame.
            values = [
                "1" if len(text) > 290 and text.isdigit() else text for text in values
            ]
            check_values(pipeline, values)
            count[kind] += MANY
        for _ in range(MANY):
            check_stamp(pipeline, maker.stamp())
        count["time"] += MANY
        if random.random() < 0.01:
            pipeline = Pipeline()
    return count


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.values")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = time.monotonic()
    try:
        count = run(arguments.seed, started + arguments.seconds)
    except Difference as difference:
        print(difference, file=sys.stderr)
        return 1
    print(f"values {count.total():,} in {time.monotonic() - started:.0f} s")
    for kind, number in count.items():
        print(f"  {kind} {number:,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
