"""What a custom integration or a file of the user's may hold ends no part of hiq."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from hiq.discovery.keepers import Answers
from hiq.discovery.points import said_of
from hiq.discovery.publisher import Publisher
from hiq.ha.home import Home
from hiq.ha.registries import Entity, Registry, decode_row
from hiq.settings.schema import DataApiSettings
from hiq.stats import Stats

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_key_file_that_is_no_text(tmp_path: Path) -> None:
    """It is a problem of this refresh, told, and not of discovery."""
    key = tmp_path / "key"
    key.write_bytes(b"\xff\xfe\x00")
    stats = Stats()
    settings = DataApiSettings(url="http://127.0.0.1:9", api_key_file=str(key))
    publisher = Publisher(settings, stats, pauses=lambda: iter([0.0] * 9))
    await publisher.publish(Home(), Answers(devices=msgspec.Raw(b"[]")))
    assert stats.discovery.published["devices", "failed"] == 1


@pytest.mark.parametrize("unique_id", ['["hub",7]', '{"a":1}', "7", "null", '""'])
def test_a_unique_id_of_any_kind(unique_id: str) -> None:
    """Home Assistant's own are texts; those of custom integrations may be anything."""
    row = decode_row(
        Registry.ENTITIES,
        b'{"entity_id":"sensor.a","id":"r","platform":"x","unique_id":%b}'
        % unique_id.encode(),
    )
    assert isinstance(row, Entity)
    assert 'unique_id="' in said_of(Home(), row).fields
