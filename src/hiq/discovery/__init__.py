"""Keeps the registries of the home, and tells the pipeline what they mean for tags."""
