"""Notices when something that should have happened did not."""
