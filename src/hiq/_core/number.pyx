"""Decimals and doubles: the text of JSON numbers as Python's `repr(float)`.

A decimal of at most 15 digits is already its own shortest text, and is copied. The
rest goes through the library's exact conversions, which know no locale.
"""

from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from hiq._core.buffer cimport Buffer, put, put_byte, reserve
from hiq._core.span cimport Span

cdef extern from *:
    """
    #include <charconv>
    static int hiq_read(const char *first, const char *last, double *out) {
        auto read = std::from_chars(first, last, *out);
        if (read.ec == std::errc::result_out_of_range) return 2;
        return read.ec == std::errc() && read.ptr == last ? 0 : 1;
    }
    static int hiq_write(char *first, char *last, double value) {
        auto end = std::to_chars(first, last, value, std::chars_format::scientific);
        return (int)(end.ptr - first);
    }
    """
    int hiq_read(const char* first, const char* last, double* out) noexcept nogil
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
    at += negative
    start = at
    while at < end and is_digit(at[0]):
        at += 1
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
        while at < end and is_digit(at[0]):
            at += 1
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
    memcpy(out.data + out.length, start, whole)
    out.length += whole
    out.data[out.length] = c"."
    out.length += 1
    if rest:
        memcpy(out.data + out.length, fraction, rest)
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
    cdef char[40] text
    cdef int length = hiq_write(text, text + 40, value)
    cdef char[24] digits
    cdef int count = 0
    cdef int at = 0
    cdef int exponent = 0
    cdef bint minus
    cdef int i
    if text[0] == c"-":
        put_byte(out, c"-")
        at = 1
    while at < length and text[at] != c"e":
        if text[at] != c".":
            digits[count] = text[at]
            count += 1
        at += 1
    minus = text[at + 1] == c"-"
    for i in range(at + 2, length):
        exponent = exponent * 10 + text[i] - c"0"
    if minus:
        exponent = -exponent
    if -4 <= exponent < 0:
        put(out, b"0.0000000000000000000000", 1 - exponent)
        put(out, digits, count)
    elif 0 <= exponent < 16:
        if count <= exponent + 1:
            put(out, digits, count)
            put(out, b"000000000000000000000000", exponent + 1 - count)
            put(out, b".0", 2)
        else:
            put(out, digits, exponent + 1)
            put_byte(out, c".")
            put(out, digits + exponent + 1, count - exponent - 1)
    else:
        put(out, digits, 1)
        if count > 1:
            put_byte(out, c".")
            put(out, digits + 1, count - 1)
        put(out, text + at, length - at)
