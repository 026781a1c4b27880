"""Points with strange texts, and the lines that are made of them."""

from __future__ import annotations

from hypothesis import strategies as st

from hiq.sink.encode import encode, encode_series

BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""Cleaned away before anything is encoded."""

SPECIAL = st.sampled_from(list(" ,=\\\"'#°%-_.:aZ0\t😀ü"))
CHARACTERS = st.one_of(
    SPECIAL,
    st.characters(
        exclude_categories=("Cs",),
        exclude_characters=BREAKS + "\x00",
        max_codepoint=0x1F9FF,
    ),
)

texts = st.text(CHARACTERS, max_size=12)


def sendable(text: str) -> bool:
    """Whether line protocol can carry this name unchanged: see `encode`.

    InfluxDB also reads a backslash and a quote in a field name as a quote.
    """
    bare = text.rstrip("\\")
    # a server strips a leading tab
    return (
        bool(text)
        and text[0] != "\t"
        and text == bare
        and not any("\\" + c in text for c in ' ,="')
    )


names = texts.filter(sendable).filter(lambda name: name not in ("time", "_time"))
measurements = names.filter(lambda name: name[0] != "\\")
tags = st.dictionaries(names, names, max_size=4)
values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.text(CHARACTERS, max_size=30)
)
fields = st.dictionaries(names, values, min_size=1, max_size=5)
times = st.integers(1_500_000_000_000_000, 1_790_000_000_000_000).map(
    lambda us: us * 1000
)
points = st.tuples(measurements, tags, fields, times)


def line(point) -> bytes:
    """Return one point as a line with its newline."""
    measurement, tagged, found, time_ns = point
    return encode(encode_series(measurement, tagged), time_ns, found.items()).encode()


def lines() -> st.SearchStrategy[bytes]:
    """Return a strategy of single lines."""
    return points.map(line)
