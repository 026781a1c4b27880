"""Sinks: one module per kind of database behind the port in `base`."""
