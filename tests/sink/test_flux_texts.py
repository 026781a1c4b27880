"""Flux's CSV with texts as long as Home Assistant's attributes can be."""

from __future__ import annotations

import pytest

from hiq.sink.stored_flux import _Table

HEAD = (
    "#datatype,string,long,dateTime:RFC3339,string,string,string,string,string",
    ",result,table,_time,_measurement,_field,_value,entity_id,domain",
)


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_text_of_any_length(size: int) -> None:
    """The library's own limit of 128 KiB is not the database's."""
    table = _Table()
    for line in HEAD:
        assert table.take(line) is None
    text = "x" * size
    found = table.take(f",,0,2024-01-01T00:00:00Z,W,text_str,{text},a,sensor")
    assert found is not None
    assert found.fields == {"text_str": text}
