"""The slow path: `str()` of a JSON value by Python itself.

For values that are legal and never sent by Home Assistant, such as maps with
repeated keys. Each use is counted by the caller.
"""

import json

from libc.stdint cimport uint8_t

from hiq._core.buffer cimport Buffer, put

# slow path


cdef bint put_python_text(
    Buffer* out, const uint8_t* at, size_t length
) noexcept with gil:
    """Append `str(value)`; False if Python cannot do it either."""
    cdef bytes text
    try:
        text = str(json.loads((<const char*> at)[:length])).encode()
    except (ValueError, RecursionError, MemoryError):
        return False
    put(out, <const char*> text, len(text))
    return True
