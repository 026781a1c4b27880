"""What an error of the system is called, in the words that people know.

The libraries put addresses and numbers in their place: "Connect call failed
('127.0.0.1', 8123)", once for each address of a name. It must not know who asks.
"""

from __future__ import annotations

import os
import re

__all__ = ["said_by_system"]

NUMBER = re.compile(r"\[Errno (\d+)\]")


def said_by_system(error: Exception) -> str:
    """Return why something failed; of several reasons each once."""
    if isinstance(error, OSError) and type(error).__module__ == "builtins":
        if error.errno:
            return os.strerror(error.errno)
        numbers = dict.fromkeys(int(number) for number in NUMBER.findall(str(error)))
        if numbers:
            return ", ".join(os.strerror(number) for number in numbers)
    words = error.strerror if isinstance(error, OSError) else None
    return words or str(error) or type(error).__name__
