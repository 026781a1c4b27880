"""Settings: structs in `schema`, read by `load` from file, environment and flags."""

from hiq.settings.load import load
from hiq.settings.schema import (
    BackfillSettings,
    HomeAssistantSettings,
    HttpSettings,
    JournalSettings,
    LogSettings,
    MemorySettings,
    MonitorSettings,
    Settings,
    SinkSettings,
)
from hiq.settings.token import require_home_assistant, token_problem

__all__ = [
    "BackfillSettings",
    "HomeAssistantSettings",
    "HttpSettings",
    "JournalSettings",
    "LogSettings",
    "MemorySettings",
    "MonitorSettings",
    "Settings",
    "SinkSettings",
    "load",
    "require_home_assistant",
    "token_problem",
]
