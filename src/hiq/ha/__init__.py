"""Home Assistant as hiq talks to it: messages, session, connection."""
