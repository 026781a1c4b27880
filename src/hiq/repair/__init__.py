"""Filling of holes from Home Assistant's recorder, and what is needed for it."""
