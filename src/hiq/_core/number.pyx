"""Decimals and doubles: the text of JSON numbers as Python's `repr(float)`.

A decimal of at most 15 digits is already its own shortest text, and is copied; one of
16 or 17 is if that can be seen from a division. The rest goes through the library's
exact conversions, which know no locale.
"""

from libc.math cimport signbit
from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memchr, memcpy

from hiq._core.buffer cimport Buffer, reserve
from hiq._core.span cimport Span, load8
from hiq._core.vector cimport copy, digits, eight, first_bit, take_digits

cdef extern from *:
    """
    #include <charconv>
    #include <cstdint>

    /* Whether the decimal `digits` / 10^`places`, of 16 or 17 digits and not above 1e16,
     * is the shortest text of its nearest double, and of those the nearest; 0 if that
     * is not certain.
     *
     * Exact but for what is below a unit of the quotient: that holds 63 or 64 bits of
     * the value, of which the double has the first 53, so a step from double to double
     * is at least 2^10 units. A shorter text would be a multiple of ten of the last
     * digit that lies within half a step of the double. */
    static int hiq_is_shortest(uint64_t digits, unsigned places) {
    #if defined(__SIZEOF_INT128__)
        static const uint64_t fives[] = {
            1u, 5u, 25u, 125u, 625u, 3125u, 15625u, 78125u, 390625u, 1953125u, 9765625u,
            48828125u, 244140625u, 1220703125u, 6103515625u, 30517578125u, 152587890625u,
            762939453125u, 3814697265625u, 19073486328125u, 95367431640625u};
        const int64_t slack = 2;   /* what is below a unit, and what rounding may add */
        if (places >= sizeof(fives) / sizeof(fives[0]) || digits >> 48 == 0) return 0;
        const uint64_t five = fives[places];
        const int shift = 63 + __builtin_clzll(digits) - __builtin_clzll(five);
        const uint64_t value = (uint64_t)(((unsigned __int128)digits << shift) / five);
        const int low = 11 - __builtin_clzll(value);
        const int64_t half = (int64_t)1 << (low - 1);
        const int64_t rest = (int64_t)(value & (((uint64_t)1 << low) - 1));
        const uint64_t mantissa = (value >> low) + (rest >= half);
        /* Below a power of two the step is half as wide. */
        if ((mantissa & (mantissa - 1)) == 0) return 0;
        const int64_t off = rest >= half ? rest - 2 * half : rest;
        if (half - (off < 0 ? -off : off) <= slack) return 0;
        const double unit = (double)value / (double)digits;
        const double last = (double)(digits % 10);
        const double down = (double)off - last * unit;
        const double up = down + 10 * unit;
        const double away = (double)(half + slack);
        return last != 0 && -down > away && up > away
            && unit > 2.0 * (double)((off < 0 ? -off : off) + slack);
    #else
        (void)digits, (void)places;
        return 0;
    #endif
    }
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
    bint hiq_is_shortest(uint64_t digits, unsigned int places) noexcept nogil
    int hiq_read(const char* first, const char* last, double* out) noexcept nogil
    int hiq_write_fixed(char* first, char* last, double value) noexcept nogil
    int hiq_write(char* first, char* last, double value) noexcept nogil

cdef enum:
    EXACT_DIGITS = 15   # every decimal of so many digits survives a double
    MOST_DIGITS = 17    # that the shortest text of a double has
    MOST_BYTES = 24     # of a text with so many, a sign, a point and zeros before them


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


cdef inline uint64_t digits_value(
    uint64_t value, const uint8_t* at, const uint8_t* end
) noexcept nogil:
    """Append decimal digits to a number."""
    while end - at >= 8:
        value = value * 100_000_000 + eight(load8(at))
        at += 8
    while at < end:
        value = value * 10 + at[0] - c"0"
        at += 1
    return value


cdef bint put_plain(Buffer* out, const uint8_t* at, const uint8_t* end, bint integer) noexcept nogil:
    """Copy a decimal that is its own shortest text; False: it has to be read."""
    cdef size_t length = end - at
    cdef size_t whole
    cdef size_t rest
    cdef size_t point
    cdef bint negative
    cdef uint64_t other         # a bit for each byte that is no digit, and behind them
    cdef uint8_t* to
    if length == 0 or length > MOST_BYTES:
        return put_trimmed(out, at, end, integer)
    if not reserve(out, 2 * MOST_BYTES):
        return True
    to = out.data + out.length
    other = ~take_digits(to, at, length)
    negative = to[0] == c"-"
    whole = first_bit(other >> negative)
    if whole == 0:
        return False
    if to[negative] == c"0":
        return put_trimmed(out, at, end, integer)
    point = negative + whole
    if point == length:
        if whole > EXACT_DIGITS:
            return False
        to[point] = c"."
        to[point + 1] = c"0"
        out.length += length + 2
        return True
    rest = first_bit(other >> (point + 1))
    if to[point] != c"." or rest == 0 or point + 1 + rest != length:
        return False
    if to[length - 1] == c"0" and rest > 1:
        return put_trimmed(out, at, end, integer)
    if whole + rest > EXACT_DIGITS and not (
        whole + rest <= MOST_DIGITS
        and is_shortest(to + negative, to + point, to + length)
    ):
        return False
    out.length += length
    return True


cdef inline bint is_shortest(
    const uint8_t* whole, const uint8_t* point, const uint8_t* end
) noexcept nogil:
    """Return whether 16 or 17 digits with a point between are a shortest text."""
    return hiq_is_shortest(
        digits_value(digits_value(0, whole, point), point + 1, end),
        <unsigned int> (end - point - 1),
    )


cdef bint put_trimmed(Buffer* out, const uint8_t* at, const uint8_t* end, bint integer) noexcept nogil:
    """Do it for any decimal, without zeros that the shortest text does not have."""
    cdef const uint8_t* start
    cdef const uint8_t* point
    cdef const uint8_t* fraction
    cdef const uint8_t* first
    cdef uint8_t* to
    cdef bint negative = at < end and at[0] == c"-"
    cdef size_t whole
    cdef size_t rest = 0
    cdef size_t count
    if end - at > MOST_BYTES and at[0] != c"0":
        # More digits than that, or something that is no digit.
        return False
    at += negative
    start = at
    at += digits(at, end)
    if at == start:
        return False
    while start + 1 < at and start[0] == c"0":
        start += 1
    point = fraction = at
    whole = at - start
    count = whole
    if at < end:
        if at[0] != c".":
            return False
        fraction = at + 1
        at = fraction + digits(fraction, end)
        if at != end or at == fraction:
            return False
        while at > fraction and (at - 1)[0] == c"0":
            at -= 1
        rest = at - fraction
        count += rest
    if whole == 1 and start[0] == c"0":
        first = fraction
        while first < at and first[0] == c"0":
            first += 1
        count = at - first
        # Below 1e-4 Python writes an exponent.
        if rest and first - fraction > 3:
            return False
        if rest == 0 and integer:
            negative = False
    if count > EXACT_DIGITS and (
        count > MOST_DIGITS
        or rest == 0
        or not is_shortest(start, point, at)
    ):
        return False
    if not reserve(out, MOST_BYTES + 8):
        return True
    to = out.data + out.length
    to[0] = c"-"
    to += negative
    copy(to, start, whole)
    to += whole
    to[0] = c"."
    if rest:
        copy(to + 1, fraction, rest)
        to += 1 + rest
    else:
        to[1] = c"0"
        to += 2
    out.length = to - out.data
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
