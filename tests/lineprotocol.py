"""An independent decoder of line protocol, for comparisons.

It reads text as a server does: a backslash is an escape only before a character that
needs one, and a literal character elsewhere. The two client libraries that Home
Assistant uses write some more escapes; `dialect` undoes them. Raw newlines inside a
string field belong to the string.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Dialect = Literal["server", "client1", "client2"]

# What a backslash may stand before, and what the pair means.
SPACE_COMMA = {" ": " ", ",": ","}
NAMES = {**SPACE_COMMA, "=": "="}
STRINGS = {'"': '"', "\\": "\\"}
CLIENT2 = {"n": "\n", "t": "\t", "r": "\r"}

ESCAPES: dict[Dialect, dict[str, dict[str, str]]] = {
    "server": {"measurement": SPACE_COMMA, "name": NAMES, "string": STRINGS},
    # influxdb 5.3 (InfluxDB 1.x): doubles backslashes, escapes `=` in measurements
    "client1": {
        "measurement": {**NAMES, "\\": "\\", "n": "\n"},
        "name": {**NAMES, "\\": "\\", "n": "\n"},
        "string": {**STRINGS, "n": "\n"},
    },
    # influxdb-client 1.x (InfluxDB 2.x): control characters as two characters
    "client2": {
        "measurement": {**SPACE_COMMA, **CLIENT2},
        "name": {**NAMES, **CLIENT2},
        "string": STRINGS,
    },
}

Value = float | int | bool | str


class Decoded(NamedTuple):
    """One point: what a comparison looks at."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, Value]
    time_ns: int


class BadLine(ValueError):
    """The text is not line protocol; carries the position and what was expected."""


class Reader:
    """A cursor over the text that takes one part after the other."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        self.text = text
        self.position = 0
        self.escapes = ESCAPES[dialect]

    def fail(self, expected: str) -> BadLine:
        near = self.text[self.position : self.position + 40]
        return BadLine(f"at {self.position}: {expected} expected, found {near!r}")

    @property
    def next(self) -> str:
        """The next character, "" at the end."""
        return self.text[self.position : self.position + 1]

    def expect(self, character: str) -> None:
        if self.next != character:
            raise self.fail(repr(character))
        self.position += 1

    def upto(self, stops: str, kind: str) -> str:
        """Take text up to an unescaped stop character, which stays; never empty."""
        escapes = self.escapes[kind]
        taken = []
        while self.next not in stops:
            if self.next == "":
                raise self.fail(f"one of {stops!r}")
            if self.next == "\n":
                raise self.fail("no raw newline in a name")
            character = self.next
            self.position += 1
            if character == "\\" and self.next and self.next in escapes:
                character = escapes[self.next]
                self.position += 1
            taken.append(character)
        if not taken:
            raise self.fail("a name that is not empty")
        return "".join(taken)

    def string(self) -> str:
        """Take a string with its quotes; it may hold raw newlines."""
        escapes = self.escapes["string"]
        self.expect('"')
        taken = []
        while self.next != '"':
            if self.next == "":
                raise self.fail("closing quote")
            character = self.next
            self.position += 1
            if character == "\\" and self.next and self.next in escapes:
                character = escapes[self.next]
                self.position += 1
            taken.append(character)
        self.position += 1
        return "".join(taken)

    def value(self) -> Value:
        """Take a field value: string, boolean, integer with `i`, or float."""
        if self.next == '"':
            return self.string()
        start = self.position
        while self.next not in ", ":
            self.position += 1
            if self.position >= len(self.text):
                raise self.fail("end of a field value")
        word = self.text[start : self.position]
        if word in ("t", "T", "true", "True", "TRUE"):
            return True
        if word in ("f", "F", "false", "False", "FALSE"):
            return False
        if word.endswith("i"):
            return int(word[:-1])
        if not word or word.strip("0123456789+-.eEnaif") or "_" in word:
            self.position = start
            raise self.fail("a field value")
        return float(word)

    def point(self) -> Decoded:
        """Take one whole line with its newline, if there is one."""
        if self.next == "#":
            raise self.fail("a measurement (a server drops this as a comment)")
        measurement = self.upto(", ", "measurement")
        tags: dict[str, str] = {}
        while self.next == ",":
            self.position += 1
            key = self.upto("=", "name")
            self.expect("=")
            if key in tags:
                raise self.fail(f"tag {key!r} only once")
            tags[key] = self.upto(", ", "name")
        self.expect(" ")
        fields: dict[str, Value] = {}
        while True:
            key = self.upto("=", "name")
            self.expect("=")
            if key in fields:
                raise self.fail(f"field {key!r} only once")
            fields[key] = self.value()
            if self.next != ",":
                break
            self.position += 1
        self.expect(" ")
        start = self.position
        while self.next and self.next != "\n":
            self.position += 1
        stamp = self.text[start : self.position]
        if not stamp.lstrip("-").isdecimal():
            self.position = start
            raise self.fail("a time stamp")
        self.position += 1
        return Decoded(measurement, tags, fields, int(stamp))


def decode(data: bytes | str, dialect: Dialect = "server") -> list[Decoded]:
    """Decode every line of a body; raises BadLine at the first that is none."""
    reader = Reader(data.decode() if isinstance(data, bytes) else data, dialect)
    points = []
    while reader.next:
        points.append(reader.point())
    return points


def decode_one(line: bytes | str, dialect: Dialect = "server") -> Decoded:
    """Decode one line."""
    (point,) = decode(line, dialect)
    return point
