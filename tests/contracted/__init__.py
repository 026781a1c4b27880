"""Tests of `hiq.contracted`."""
