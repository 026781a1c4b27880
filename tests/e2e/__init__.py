"""The whole of hiq as a process of its own, against real servers."""
