"""Growing memory, seen from outside."""

from __future__ import annotations

from tests._core.helpers import agree, compact, raw


def test_texts_around_powers_of_two() -> None:
    """Texts of every length around the steps of growth come out whole."""
    for size in (255, 256, 257, 511, 512, 513, 4095, 4096, 4097):
        for text in ("x" * size, '"' * size, "é\n" * size):
            agree([raw(compact({"a": text, "k" * size: 1, "c": [text]}))])
