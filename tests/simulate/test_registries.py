"""The registries of a simulated home fit together."""

from __future__ import annotations

from hiq.simulate.registries import Home


def test_ids_are_unique_and_look_like_home_assistants():
    """Entities, devices and config entries have ids of 32 hexadecimal digits."""
    home = Home(500, 3)
    ids = [row["id"] for row in home.entity_rows() + home.device_rows()]
    ids += [row["entry_id"] for row in home.config_entry_rows()]
    assert len(set(ids)) == len(ids)
    assert all(len(text) == 32 and int(text, 16) for text in ids)


def test_entity_ids_are_unique():
    """No two entities have one id, however many there are."""
    names = [entity.entity_id for entity in Home(5000, 1).entities]
    assert len(set(names)) == 5000


def test_rows_point_to_rows():
    """Area, device, floor, label and config entry of every row exist."""
    home = Home(300, 1)
    areas = {row["area_id"]: row for row in home.area_rows()}
    floors = {row["floor_id"] for row in home.floor_rows()} | {None}
    labels = {row["label_id"] for row in home.label_rows()}
    entries = {row["entry_id"] for row in home.config_entry_rows()}
    devices = {row["id"]: row for row in home.device_rows()}
    assert {row["floor_id"] for row in areas.values()} <= floors
    assert {row["area_id"] for row in devices.values()} <= set(areas)
    for row in home.entity_rows():
        assert row["device_id"] in devices
        assert row["config_entry_id"] in entries
        assert row["area_id"] in {*areas, None}
        assert set(row["labels"]) <= labels


def test_some_entities_differ_from_their_device():
    """Own areas, labels and hidden entities occur, but are not the rule."""
    rows = Home(300, 1).entity_rows()
    for key in ("area_id", "labels", "hidden_by", "entity_category"):
        share = sum(bool(row[key]) for row in rows) / len(rows)
        assert 0 < share < 0.5


def test_another_seed_gives_other_ids():
    """Registry ids depend on the seed."""
    assert Home(10, 1).entity_rows()[0]["id"] != Home(10, 2).entity_rows()[0]["id"]


def test_configuration_and_services_name_the_domains():
    """The integrations and the services of all domains are listed."""
    home = Home(100, 1)
    domains = {entity.kind.domain for entity in home.entities}
    assert domains <= set(home.config("2024.3.3")["components"])
    assert domains <= set(home.services())
