"""The registries together: effective areas, labels, and what changes in the tags."""

from __future__ import annotations

import msgspec
import pytest

from hiq.ha.home import Changes, Home, changes
from hiq.ha.registries import (
    Area,
    ConfigEntry,
    Device,
    Entity,
    Floor,
    Label,
    Registry,
    decode_row,
    decode_rows,
    rows_of,
)
from hiq.simulate import registries as simulated
from tests.ha.conversation import answer

LAMP = Entity(
    "light.lamp",
    id="r1",
    platform="hue",
    config_entry_id="e1",
    device_id="d1",
    labels=("l2", "l1"),
    entity_category="config",
)
DEVICE = Device(
    "d1",
    name="Lamp",
    name_by_user="My lamp",
    manufacturer="Maker",
    model="M1",
    sw_version="1.2",
    area_id="kitchen",
    config_entries=("e0", "e1"),
)


def home(**more) -> Home:
    """A home with one lamp in the kitchen, on the ground floor."""
    made = (
        Home()
        .with_rows(Registry.FLOORS, [Floor("ground", "Ground floor")])
        .with_rows(Registry.LABELS, [Label("l1", "Zebra"), Label("l2", "Ant")])
        .with_rows(
            Registry.AREAS,
            [Area("kitchen", "Kitchen", "ground"), Area("hall", "Hall")],
        )
        .with_rows(Registry.CONFIG_ENTRIES, [ConfigEntry("e1", "hue")])
        .with_rows(Registry.DEVICES, [DEVICE])
    )
    return made.with_rows(Registry.ENTITIES, [msgspec.structs.replace(LAMP, **more)])


def test_an_entity_has_the_tags_of_all_that_it_belongs_to():
    """Area of the device, floor of the area, names of labels sorted, device's data."""
    assert home().tags("light.lamp") == {
        "platform": "hue",
        "integration": "hue",
        "entity_category": "config",
        "rid": "r1",
        "area_id": "kitchen",
        "area": "Kitchen",
        "floor_id": "ground",
        "floor": "Ground floor",
        "labels": "Ant|Zebra",
        "label_ids": "l1|l2",
        "device_id": "d1",
        "device": "My lamp",
        "manufacturer": "Maker",
        "model": "M1",
        "sw_version": "1.2",
    }


def test_the_own_area_of_an_entity_is_stronger_than_that_of_its_device():
    """And an area without a floor gives none."""
    tags = home(area_id="hall").tags("light.lamp")
    assert (tags["area"], "floor" in tags) == ("Hall", False)


def test_an_area_that_was_removed_is_none():
    """An id that leads nowhere does not become a tag."""
    tags = home().without(Registry.AREAS, "kitchen").tags("light.lamp")
    assert not {"area", "area_id", "floor", "floor_id"} & tags.keys()


@pytest.mark.parametrize("entity_id", ["light.other", "light.lamp"])
def test_what_makes_no_states_has_no_tags(entity_id):
    """An entity that is unknown or disabled takes no room in the pipeline."""
    assert home(disabled_by="user").tags(entity_id) is None


def test_a_label_without_a_row_is_called_by_its_id():
    """Homes without a label registry still tell labels apart."""
    tags = home().with_rows(Registry.LABELS, []).tags("light.lamp")
    assert tags["labels"] == "l1|l2"


def test_the_integration_is_that_of_the_config_entry_else_the_platform():
    """A device takes the first of its entries that is known."""
    known = home()
    assert known.integration_of(DEVICE) == "hue"
    unknown = known.with_rows(Registry.CONFIG_ENTRIES, [])
    assert unknown.integration_of(LAMP) == "hue"
    assert not unknown.integration_of(DEVICE)


def test_a_renamed_entity_remembers_its_first_id():
    """The tag is there only while the id is another one."""
    renamed = home().with_first_ids({"r1": "light.first"})
    assert renamed.tags("light.lamp")["first_entity_id"] == "light.first"
    back = home().with_first_ids({"r1": "light.lamp"})
    assert "first_entity_id" not in back.tags("light.lamp")


@pytest.mark.parametrize(
    ("change", "tag", "value"),
    [
        (
            lambda h: h.with_row(Registry.AREAS, Area("kitchen", "Küche")),
            "area",
            "Küche",
        ),
        (lambda h: h.with_row(Registry.FLOORS, Floor("ground", "0")), "floor", "0"),
        (lambda h: h.with_row(Registry.LABELS, Label("l1", "A")), "labels", "A|Ant"),
        (lambda h: h.with_row(Registry.DEVICES, Device("d1")), "device", None),
        (lambda h: h.without(Registry.DEVICES, "d1"), "model", None),
        (
            lambda h: h.with_row(Registry.CONFIG_ENTRIES, ConfigEntry("e1", "x")),
            "integration",
            "x",
        ),
        (lambda h: h.with_first_ids({"r1": "a.b"}), "first_entity_id", "a.b"),
    ],
)
def test_a_change_anywhere_reaches_the_entity(change, tag, value):
    """A new name of an area, floor, label or device gives the entity new tags."""
    new = change(home())
    ((entity_id, tags),) = changes(home(), new)
    assert entity_id == "light.lamp"
    assert tags == new.tags("light.lamp")
    assert tags.get(tag) == value


def test_equal_homes_have_no_changes():
    """Rows read anew are compared by value; nothing is told twice."""
    assert changes(home(), home()) == []


def test_a_removed_entity_loses_its_tags():
    """Its old id gets None, and a renamed one is told under the new id too."""
    renamed = home(entity_id="light.new")
    updates = changes(home(), renamed)
    assert updates == [("light.lamp", None), ("light.new", renamed.tags("light.new"))]


def test_a_big_home_is_compared_in_pieces():
    """Each piece gives only its own updates, all together give all."""
    rows = simulated.Home(200, 1).entity_rows()
    entities = [decode_row(Registry.ENTITIES, msgspec.json.encode(r)) for r in rows]
    new = Home().with_rows(Registry.ENTITIES, entities)
    found = Changes(Home(), new)
    ids = found.entity_ids
    parts = [found.among(ids[at : at + 7]) for at in range(0, len(ids), 7)]
    assert [update for part in parts for update in part] == changes(Home(), new)
    assert len(ids) == 200


def test_a_row_that_cannot_be_read_does_not_take_the_others_along():
    """It is counted, the rest stands."""
    rows = rows_of(b'[{"area_id":"a","name":"A"},{"area_id":7},3]')
    assert decode_rows(Registry.AREAS, rows) == ([Area("a", "A")], 2)


def test_a_recorded_registry_is_read():
    """The rows of a real Home Assistant give tags."""
    message = msgspec.json.decode(answer("config/entity_registry/list"))
    rows = rows_of(msgspec.json.encode(message["result"]))
    entities, bad = decode_rows(Registry.ENTITIES, rows)
    assert bad == 0
    found = Home().with_rows(Registry.ENTITIES, entities)
    assert len(changes(Home(), found)) > 200
