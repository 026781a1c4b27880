"""A real Home Assistant: its configuration, first login, and the child process."""

from tests.servers.home_assistant.server import HomeAssistant

__all__ = ["HomeAssistant"]
