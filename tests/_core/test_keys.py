"""The known keys of the envelope."""

from __future__ import annotations

import pytest

from hiq import Pipeline
from tests._core.helpers import raw

KEYS = "type event event_type data entity_id new_state state attributes time_fired"


@pytest.mark.parametrize("key", KEYS.split())
@pytest.mark.parametrize("place", [0, -1])
def test_one_escaped_letter(key: str, place: int) -> None:
    """A key with one letter as an escape is still the key."""
    letters = list(key)
    letters[place] = f"\\u{ord(letters[place]):04X}"
    text = raw("{}").decode().replace(f'"{key}":', f'"{"".join(letters)}":')
    assert Pipeline().feed(text.encode()).points == 1


@pytest.mark.parametrize("key", KEYS.split())
def test_other_letter_of_the_same_length(key: str) -> None:
    """A key that differs in one letter is not the key."""
    text = raw("{}").decode().replace(f'"{key}":', f'"{key[:-1]}#":')
    assert Pipeline().feed(text.encode()).points == 0
