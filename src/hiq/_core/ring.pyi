class Ring:
    """Finished lines until they are taken."""
