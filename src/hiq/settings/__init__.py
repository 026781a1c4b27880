"""Settings: structs in `schema`, read by `load` from file, environment and flags."""

from hiq.settings.schema import (
    BackfillSettings,
    HomeAssistantSettings,
    HttpSettings,
    JournalSettings,
    LogSettings,
    Settings,
    SinkSettings,
)

__all__ = [
    "BackfillSettings",
    "HomeAssistantSettings",
    "HttpSettings",
    "JournalSettings",
    "LogSettings",
    "Settings",
    "SinkSettings",
]
