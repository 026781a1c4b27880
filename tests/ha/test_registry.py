"""What the entity registry means for tags."""

from hiq.ha.messages import EntityEntry
from hiq.ha.registry import platform_updates

MQTT = {"platform": "mqtt"}


def test_mqtt_lights_and_climates_are_told():
    """Only lights and climates of the mqtt platform get the tag."""
    entries = [
        EntityEntry("light.a", "mqtt"),
        EntityEntry("light.b", "hue"),
        EntityEntry("climate.c", "mqtt"),
        EntityEntry("sensor.d", "mqtt"),
    ]
    assert platform_updates(entries, ()) == [("climate.c", MQTT), ("light.a", MQTT)]


def test_what_is_known_is_not_repeated_and_what_left_is_taken_back():
    """A second registry gives the differences only."""
    entries = [EntityEntry("light.a", "mqtt"), EntityEntry("light.b", "hue")]
    assert platform_updates(entries, {"light.a", "light.b", "light.gone"}) == [
        ("light.b", None),
        ("light.gone", None),
    ]
