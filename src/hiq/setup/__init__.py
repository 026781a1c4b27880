"""The first minute: find what there is, ask the rest, write a settings file."""
