"""Decimals and doubles: the text of JSON numbers as Python's `repr(float)`.

A decimal of at most 15 digits is already its own shortest text, and is copied. The
rest goes through the library's exact conversions, which know no locale.
"""

from libc.math cimport signbit
from libc.stdint cimport uint8_t
from libc.string cimport memchr, memcpy

from hiq._core.buffer cimport Buffer, reserve
from hiq._core.span cimport Span
from hiq._core.vector cimport copy, digits

cdef extern from *:
    """
    #include <charconv>
    static int hiq_read(const char *first, const char *last, double *out) {
        auto read = std::from_chars(first, last, *out);
        if (read.ec == std::errc::result_out_of_range) return 2;
        return read.ec == std::errc() && read.ptr == last ? 0 : 1;
    }
    static int hiq_write_fixed(char *first, char *last, double value) {
        auto end = std::to_chars(first, last, value, std::chars_format::fixed);
        return (int)(end.ptr - first);
    }
    static int hiq_write(char *first, char *last, double value) {
        auto end = std::to_chars(first, last, value, std::chars_format::scientific);
        return (int)(end.ptr - first);
    }
    """
    int hiq_read(const char* first, const char* last, double* out) noexcept nogil
    int hiq_write_fixed(char* first, char* last, double value) noexcept nogil
    int hiq_write(char* first, char* last, double value) noexcept nogil

cdef enum:
    EXACT_DIGITS = 15   # every decimal of so many digits survives a double


# JSON numbers


cdef bint decimal_fits(const uint8_t* at, size_t length) noexcept nogil:
    """Return whether a checked decimal is below infinity."""
    cdef double value = decimal_value(at, length)
    return value - value == 0.0


cdef double decimal_value(const uint8_t* at, size_t length) noexcept nogil:
    """Return the nearest double of a checked decimal, infinity if it is too large."""
    cdef double value = 0.0
    cdef const uint8_t* end = at + length
    cdef bint negative
    cdef long scale = 0
    cdef long exponent = 0
    cdef bint below = False
    cdef bint seen = False
    cdef bint minus = False
    if hiq_read(<const char*> at, <const char*> end, &value) != 2:
        return value
    # Out of range: too large or too small is decided by the first digit's place.
    negative = at[0] == c"-"
    at += negative
    while at < end and at[0] != c"e" and at[0] != c"E":
        if at[0] == c".":
            below = True
        else:
            seen = seen or at[0] != c"0"
            if below and not seen:
                scale -= 1
            elif seen and not below:
                scale += 1
        at += 1
    if at < end:
        at += 1
        minus = at[0] == c"-"
        if minus or at[0] == c"+":
            at += 1
        while at < end:
            if exponent < 1_000_000_000:
                exponent = exponent * 10 + at[0] - c"0"
            at += 1
    value = 0.0
    if scale + (-exponent if minus else exponent) > 0:
        value = 1e308
        value *= 10.0
    return -value if negative else value


cdef bint put_plain(Buffer* out, const uint8_t* at, const uint8_t* end, bint integer) noexcept nogil:
    """Copy a decimal that is its own shortest text; False: it has to be read."""
    cdef const uint8_t* start
    cdef const uint8_t* point
    cdef const uint8_t* fraction
    cdef bint negative = at < end and at[0] == c"-"
    cdef size_t whole
    cdef size_t rest = 0
    if end - at > EXACT_DIGITS + 2 and at[0] != c"0":
        # More digits than that, or something that is no digit.
        return False
    at += negative
    start = at
    at += digits(at, end)
    if at == start:
        return False
    while start + 1 < at and start[0] == c"0":
        start += 1
    point = at
    whole = at - start
    fraction = at
    if at < end:
        if at[0] != c".":
            return False
        at += 1
        fraction = at
        at += digits(at, end)
        if at != end or at == fraction:
            return False
        while at > fraction and (at - 1)[0] == c"0":
            at -= 1
        rest = at - fraction
    if whole + rest > EXACT_DIGITS:
        return False
    if whole == 1 and start[0] == c"0":
        # Below 1e-4 Python writes an exponent.
        if rest > 4 and fraction[0] == c"0" and fraction[1] == c"0" and (
            fraction[2] == c"0" and fraction[3] == c"0"
        ):
            return False
        if rest == 0 and integer:
            negative = False
    if not reserve(out, 24):
        return True
    if negative:
        out.data[out.length] = c"-"
        out.length += 1
    copy(out.data + out.length, start, whole)
    out.length += whole
    out.data[out.length] = c"."
    out.length += 1
    if rest:
        copy(out.data + out.length, fraction, rest)
        out.length += rest
    else:
        out.data[out.length] = c"0"
        out.length += 1
    return True


cdef void put_number(Buffer* out, Span text, bint integer) noexcept nogil:
    """Append a JSON number as `repr(float(...))`; it must be finite."""
    if not put_plain(out, text.at, text.at + text.length, integer):
        put_double(out, decimal_value(text.at, text.length))


# doubles


cdef void put_double(Buffer* out, double value) noexcept nogil:
    """Append a finite double as `repr` writes it."""
    cdef double size = -value if value < 0 else value
    cdef uint8_t* to
    cdef int length
    if not reserve(out, 48):
        return
    to = out.data + out.length
    if 1e-4 <= size < 1e16:
        length = hiq_write_fixed(<char*> to, <char*> to + 40, value)
        if memchr(to, c".", length) == NULL:
            to[length] = c"."
            to[length + 1] = c"0"
            length += 2
    elif size == 0:
        length = 4 if signbit(value) else 3
        memcpy(to, b"-0.0" if length == 4 else b"0.0", length)
    else:
        length = hiq_write(<char*> to, <char*> to + 40, value)
    out.length += length
