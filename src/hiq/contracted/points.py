"""Violations as points of the measurement `hiq_contracts`, for dashboards and alerts.

One point per violation at the time when it was found: tags contract and code; fields
correlation, step, message and after (seconds since the chain began).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hiq.repair.gap_points import plain_text, tag_text

if TYPE_CHECKING:
    from hiq.assure.contracts import Violation

__all__ = ["MEASUREMENT", "violation_point"]

MEASUREMENT: Final = "hiq_contracts"


def violation_point(at_ns: int, one: Violation) -> bytes:
    """Return the line of a violation that was found at this time."""
    series = f"{MEASUREMENT},contract={tag_text(one.contract)},code={one.code}"
    texts = {
        "correlation": one.correlation,
        "message": one.message,
        "step": one.step,
    }
    fields = [f"after={one.after_s:.3f}"]
    fields += [f'{name}="{plain_text(text)}"' for name, text in texts.items() if text]
    line = f"{series} {','.join(fields)} {at_ns}\n"
    return line.encode(errors="replace")
