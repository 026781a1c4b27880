"""Authenticated clients: tokens, the protocol `hiq.v1`, sessions, their outboxes."""
