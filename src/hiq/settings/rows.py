"""What the tables of settings are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hiq.settings.values import Kind

__all__ = ["Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: its kind, and one sentence of meaning."""

    kind: Kind
    help: str
