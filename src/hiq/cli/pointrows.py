"""Points for programs: line protocol as one JSON document a line.

It knows no command and does not know where the lines come from.
"""

from __future__ import annotations

import orjson

from hiq.sink.decode import decode, decode_series

__all__ = ["json_lines"]


def json_lines(lines: bytes) -> bytes:
    """Return a document for each line: measurement, tags, fields and `time_ns`.

    LineError if one is not line protocol.
    """
    return b"".join(
        orjson.dumps(
            {
                "measurement": measurement,
                "tags": tags,
                "fields": dict(fields),
                "time_ns": time_ns,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for series, time_ns, fields in decode(lines)
        for measurement, tags in (decode_series(series),)
    )
