"""Plots as SVG text, as few lines as they need; no library.

`bars` for cases on a logarithmic axis, `lines` for a figure over a quantity. Colours
work on light and dark pages. It knows nothing of what is drawn.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["bars", "lines"]

COLOURS = ("#2a7de1", "#e07b39", "#3a9d5d", "#8d6cc9")
GREY = "#888888"
WIDTH, LEFT, RIGHT, ROW, TOP = 720, 190, 70, 26, 46
HEIGHT = 300


def bars(title: str, unit: str, groups: Mapping[str, Mapping[str, float]]) -> str:
    """Horizontal bars on a logarithmic axis, one colour per group, cases as rows."""
    cases = list(dict.fromkeys(name for group in groups.values() for name in group))
    values = [value for group in groups.values() for value in group.values()]
    low = 10 ** math.floor(math.log10(min(values)))
    high = 10 ** math.ceil(math.log10(max(values)))
    room = WIDTH - LEFT - RIGHT
    step = ROW * len(groups) + 10
    bottom = TOP + step * len(cases)

    def across(value: float) -> float:
        return LEFT + room * math.log(value / low) / math.log(high / low)

    out = [_text(12, 20, title, size=15)]
    tick = low
    while tick <= high:
        out.append(_line(across(tick), TOP - 6, across(tick), bottom))
        out.append(_text(across(tick), bottom + 16, f"{tick:,g}", anchor="middle"))
        tick *= 10
    out.append(_text(WIDTH - RIGHT, bottom + 34, unit, anchor="end"))
    for row, name in enumerate(cases):
        y = TOP + step * row
        out.append(_text(LEFT - 8, y + step / 2, name, anchor="end"))
        for number, group in enumerate(groups.values()):
            if name not in group:
                continue
            at, value = y + ROW * number, group[name]
            width = max(1.0, across(value) - LEFT)
            out.append(
                f'<rect x="{LEFT}" y="{at}" width="{width:.1f}" height="{ROW - 6}" '
                f'fill="{COLOURS[number % len(COLOURS)]}"/>'
            )
            out.append(_text(LEFT + width + 5, at + 14, f"{value:,.0f}"))
    out += _legend(list(groups), bottom + 34)
    return _whole(bottom + 48, out)


def lines(
    title: str,
    across: str,
    up: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    *,
    logarithmic: bool = False,
) -> str:
    """Points joined by lines; the upright axis begins at 0."""
    points = [point for found in series.values() for point in found]
    low, high = (pick(x for x, _ in points) for pick in (min, max))
    top = _round_up(max(y for _, y in points))
    left, bottom = 70, HEIGHT - 60

    def x_of(x: float) -> float:
        share = (
            math.log(x / low) / math.log(high / low)
            if logarithmic
            else (x - low) / ((high - low) or 1)
        )
        return left + (WIDTH - left - 30) * share

    def y_of(y: float) -> float:
        return bottom - (bottom - TOP) * y / top

    out = [_text(12, 20, title, size=15), _text(12, TOP - 8, up)]
    for part in range(5):
        y = top * part / 4
        out.append(_line(left, y_of(y), WIDTH - 30, y_of(y)))
        out.append(_text(left - 6, y_of(y) + 4, f"{y:,g}", anchor="end"))
    ticks = sorted({x for x, _ in points})
    out += (
        _text(x_of(x), bottom + 16, f"{x:,.6g}", anchor="middle")
        for x in ticks[:: max(1, len(ticks) // 8)]
    )
    out.append(_text(WIDTH - 30, bottom + 34, across, anchor="end"))
    for number, found in enumerate(series.values()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in found)
        out.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" '
            'stroke-width="2"/>'
        )
        out += (
            f'<circle cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="3" fill="{colour}"/>'
            for x, y in found
        )
    return _whole(HEIGHT, [*out, *_legend(list(series), bottom + 34)])


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 8 times a power of ten."""
    unit = 10 ** math.floor(math.log10(value))
    return next(unit * step for step in (1, 2, 4, 8, 10) if unit * step >= value)


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 12
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {place} stroke="{GREY}" stroke-opacity="0.35"/>'


def _legend(names: Sequence[str], y: float) -> list[str]:
    out, x = [], 12.0
    for number, name in enumerate(names):
        colour = COLOURS[number % len(COLOURS)]
        out.append(
            f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{colour}"/>'
        )
        out.append(_text(x + 17, y, name))
        x += 40 + 7 * len(name)
    return out


def _whole(height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'font-family="sans-serif" fill="{GREY}">\n' + "\n".join(parts) + "\n</svg>\n"
    )
