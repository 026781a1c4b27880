"""Tests of hiq.web."""
