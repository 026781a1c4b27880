"""The end of a line: the time stamp, as decimal nanoseconds.

Most lines share their second with the one before, so its digits are kept.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from hiq._core.buffer cimport Buffer, buffer_free, put, put_byte, reserve
from hiq._core.vector cimport copy

cdef enum:
    SECOND = 1_000_000_000

# construction


cdef void stamp_free(Stamp* last) noexcept nogil:
    """Give the memory back."""
    buffer_free(&last.text)
    last.second = 0


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


cdef inline void put_nine(uint8_t* to, uint32_t value) noexcept nogil:
    """Write nine digits, in groups of three that do not wait for each other."""
    cdef uint32_t high = value // 1_000_000
    cdef uint32_t rest = value - high * 1_000_000
    cdef uint32_t middle = rest // 1_000
    put_three(to, high)
    put_three(to + 3, middle)
    put_three(to + 6, rest - middle * 1_000)


cdef inline void put_three(uint8_t* to, uint32_t value) noexcept nogil:
    cdef uint32_t tens = value // 10
    cdef uint32_t first = value // 100
    to[0] = <uint8_t> (c"0" + first)
    to[1] = <uint8_t> (c"0" + tens - 10 * first)
    to[2] = <uint8_t> (c"0" + value - 10 * tens)


cdef void put_stamp(Buffer* out, Stamp* last, int64_t time_ns) noexcept nogil:
    """Append a space, the stamp and the line end."""
    cdef int64_t second = time_ns // SECOND
    cdef int64_t rest = time_ns - second * SECOND
    cdef uint8_t* to
    if second < 1:
        put_byte(out, c" ")
        put_integer(out, time_ns)
        put_byte(out, c"\n")
        return
    if second != last.second:
        last.second = second
        last.text.length = 0
        put_byte(&last.text, c" ")
        put_integer(&last.text, second)
    if last.text.failed or not reserve(out, last.text.length + 10):
        last.text.failed = False
        last.second = 0
        out.failed = True
        return
    to = out.data + out.length
    copy(to, last.text.data, last.text.length)
    to += last.text.length
    put_nine(to, <uint32_t> rest)
    to[9] = c"\n"
    out.length += last.text.length + 10
