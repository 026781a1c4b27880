"""Tests of `hiq.assure`."""
