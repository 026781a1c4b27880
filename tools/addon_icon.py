"""addon_icon.py FOLDER: icon.png (128 x 128) and logo.png (250 x 100) of the app.

Drawn by rule, so that they can be made again: a wave that arrives in a bar, on a dark
ground with round corners. Four samples an axis smooth the edges.
"""

from __future__ import annotations

import math
import struct
import sys
import zlib
from pathlib import Path

GROUND, WAVE, BAR = (17, 24, 39), (56, 189, 248), (52, 211, 153)
SAMPLES = 4


def colour(x: float, y: float, width: float) -> tuple[int, int, int, int]:
    """Return the colour at a point of a drawing of height 1."""
    radius = 0.18
    dx = max(radius - x, x - (width - radius), 0.0)
    dy = max(radius - y, y - (1 - radius), 0.0)
    if math.hypot(dx, dy) > radius:
        return (0, 0, 0, 0)
    bar = width - 0.3
    if bar <= x <= bar + 0.1 and 0.22 <= y <= 0.78:
        return (*BAR, 255)
    if 0.16 <= x < bar - 0.06:
        share = (x - 0.16) / (bar - 0.22)
        middle = 0.5 + 0.22 * math.sin(share * 4 * math.pi) * (1 - share)
        if abs(y - middle) < 0.05:
            return (*WAVE, 255)
    return (*GROUND, 255)


def drawn(width: int, height: int) -> bytes:
    """Return a PNG."""
    rows = []
    for row in range(height):
        line = bytearray([0])
        for column in range(width):
            found = [
                colour(
                    (column + (i + 0.5) / SAMPLES) / height,
                    (row + (j + 0.5) / SAMPLES) / height,
                    width / height,
                )
                for i in range(SAMPLES)
                for j in range(SAMPLES)
            ]
            seen = sum(alpha for *_, alpha in found)
            mixed = [
                sum(point[n] * point[3] for point in found) // max(seen, 1)
                for n in range(3)
            ]
            line += bytes([*mixed, seen // len(found)])
        rows.append(bytes(line))
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = [
        (b"IHDR", head),
        (b"IDAT", zlib.compress(b"".join(rows), 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def main(folder: Path) -> None:
    """Write both."""
    (folder / "icon.png").write_bytes(drawn(128, 128))
    (folder / "logo.png").write_bytes(drawn(250, 100))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
