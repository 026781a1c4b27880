"""Contracts within the running service: events in, violations out to everybody."""
