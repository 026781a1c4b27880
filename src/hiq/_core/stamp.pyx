"""The end of a line: the time stamp, as decimal nanoseconds.

Most lines share their second with the one before, so its digits are kept.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from hiq._core.buffer cimport Buffer, put, put_byte, reserve
from hiq._core.vector cimport put_eight

cdef enum:
    SECOND = 1_000_000_000
    LONGEST = 32     # bytes of a stamp, and what is copied at once

# hot path


cdef void put_integer(Buffer* out, int64_t value) noexcept nogil:
    """Append a decimal, two digits at a time."""
    cdef uint8_t[24] digits
    cdef int at = 24
    cdef uint64_t rest = <uint64_t> value if value >= 0 else -<uint64_t> value
    cdef uint64_t pair
    while rest >= 100:
        pair = rest % 100
        rest //= 100
        at -= 2
        digits[at] = <uint8_t> (c"0" + pair // 10)
        digits[at + 1] = <uint8_t> (c"0" + pair % 10)
    at -= 1
    digits[at] = <uint8_t> (c"0" + rest % 10)
    if rest >= 10:
        at -= 1
        digits[at] = <uint8_t> (c"0" + rest // 10)
    if value < 0:
        at -= 1
        digits[at] = c"-"
    put(out, &digits[at], 24 - at)


cdef void put_stamp(Buffer* out, Stamp* last, int64_t time_ns) noexcept nogil:
    """Append a space, the stamp and the line end."""
    cdef int64_t second = time_ns // SECOND
    cdef uint32_t rest = <uint32_t> (time_ns - second * SECOND)
    cdef uint32_t first = rest // 100_000_000
    cdef Buffer text
    cdef uint8_t* to
    if second < 1:
        put_byte(out, c" ")
        put_integer(out, time_ns)
        put_byte(out, c"\n")
        return
    if not reserve(out, LONGEST):
        return
    if second != last.second:
        text.data = last.text
        text.length = 0
        text.capacity = sizeof(last.text)
        text.failed = False
        put_byte(&text, c" ")
        put_integer(&text, second)
        last.length = text.length
        last.second = second
    to = out.data + out.length
    memcpy(to, last.text, sizeof(last.text))
    to += last.length
    to[0] = <uint8_t> (c"0" + first)
    put_eight(to + 1, rest - first * 100_000_000)
    to[9] = c"\n"
    out.length += last.length + 10
