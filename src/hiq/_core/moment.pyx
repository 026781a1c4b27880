"""ISO 8601 text to nanoseconds since 1970, in integers.

The form is the one of Home Assistant's `isoformat`: date, `T`, time, an optional
fraction of up to six digits, an offset. It knows no clock and no time zone names.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from hiq._core.number cimport is_digit
from hiq._core.span cimport Span, load8
from hiq._core.vector cimport differ, eight

cdef enum:
    SECOND = 1_000_000_000

# Seconds whose nanoseconds fit 64 bits, fraction included.
cdef int64_t FAR = 9_223_372_035


cdef inline int two(const uint8_t* at) noexcept nogil:
    """Return the value of two digits, -1 if they are not."""
    if is_digit(at[0]) and is_digit(at[1]):
        return (at[0] - c"0") * 10 + at[1] - c"0"
    return -1


cdef inline int64_t days_of(int year, int month, int day) noexcept nogil:
    """Return days since 1970 in the Gregorian calendar."""
    cdef int shifted = year - (month <= 2)
    cdef int era = shifted // 400
    cdef int of_era = shifted - era * 400
    cdef int of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return <int64_t> era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + (
        of_year - 719468
    )


cdef inline int month_days(int year, int month) noexcept nogil:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


# hot path


cdef Moment moment_ns(Span text, Minute* minute, int64_t* out) noexcept nogil:
    """Read a date-time with an offset; most share their minute with the last one."""
    cdef const uint8_t* at = text.at
    cdef uint64_t word
    cdef uint32_t micros
    cdef Moment result
    cdef bint full = text.length == 32 and at[19] == c"." and (
        not differ(at + 26, <const uint8_t*> b"+00:00", 6)
    )
    if full and minute.known and not differ(at, minute.text, 17):
        # The digits of the second and of the fraction, without the point between them.
        word = load8(at + 18)
        (<uint8_t*> &word)[1] = (<uint8_t*> &word)[0]
        (<uint8_t*> &word)[0] = at[17]
        micros = eight(word)
        if micros >= 60_000_000:
            return MOMENT_BAD
        out[0] = minute.seconds * SECOND + micros * <int64_t> 1_000
        return MOMENT_OK
    result = moment_any(text, out)
    if full and result == MOMENT_OK:
        memcpy(minute.text, at, 17)
        minute.seconds = floor_to(out[0], 60 * <int64_t> SECOND) // SECOND
        minute.known = True
    return result


cdef Moment moment_any(Span text, int64_t* out) noexcept nogil:
    """Read a date-time with an offset; the offset is honoured."""
    cdef const uint8_t* at = text.at
    cdef const uint8_t* end = at + text.length
    cdef int century
    cdef int year
    cdef int month
    cdef int day
    cdef int hour
    cdef int minute
    cdef int second
    cdef int sign
    cdef int64_t fraction = 0
    cdef int64_t unit = SECOND
    cdef int64_t seconds
    cdef int offset = 0
    if text.length < 20 or at[4] != c"-" or at[7] != c"-" or at[10] != c"T" or (
        at[13] != c":" or at[16] != c":"
    ):
        return MOMENT_BAD
    century, year, month, day = two(at), two(at + 2), two(at + 5), two(at + 8)
    hour, minute, second = two(at + 11), two(at + 14), two(at + 17)
    if century < 0 or year < 0 or not 1 <= month <= 12 or day < 1:
        return MOMENT_BAD
    year += century * 100
    if year < 1 or day > month_days(year, month):
        return MOMENT_BAD
    if not 0 <= hour < 24 or not 0 <= minute < 60 or not 0 <= second < 60:
        return MOMENT_BAD
    at += 19
    if at[0] == c".":
        at += 1
        while at < end and is_digit(at[0]) and unit > 1_000:
            unit //= 10
            fraction += (at[0] - c"0") * unit
            at += 1
        if unit == SECOND:
            return MOMENT_BAD
    if end - at == 1 and at[0] == c"Z":
        offset = 0
    elif end - at == 6 and (at[0] == c"+" or at[0] == c"-") and at[3] == c":":
        sign = -60 if at[0] == c"-" else 60
        if two(at + 1) < 0 or two(at + 4) < 0:
            return MOMENT_BAD
        offset = two(at + 1) * 60 + two(at + 4)
        if offset >= 1_440:
            return MOMENT_BAD
        offset *= sign
    else:
        return MOMENT_BAD
    seconds = days_of(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
    seconds -= offset
    if seconds > FAR or seconds < -FAR:
        return MOMENT_FAR
    out[0] = seconds * SECOND + fraction
    return MOMENT_OK


cdef bint is_moment_shape(Span text) noexcept nogil:
    """Return whether a text looks like an ISO date-time, offset or not."""
    cdef const char* shape = b"0000-00-00T00:00:00"
    cdef const uint8_t* at = text.at
    cdef const uint8_t* end = at + text.length
    cdef int i
    if text.length < 19:
        return False
    for i in range(19):
        if not (is_digit(at[i]) if shape[i] == c"0" else at[i] == <uint8_t> shape[i]):
            return False
    at += 19
    if at < end and at[0] == c".":
        at += 1
        i = 0
        while at < end and is_digit(at[0]):
            at += 1
            i += 1
        if not 1 <= i <= 6:
            return False
    if at == end or (end - at == 1 and at[0] == c"Z"):
        return True
    return end - at == 6 and (at[0] == c"+" or at[0] == c"-") and at[3] == c":" and (
        two(at + 1) >= 0 and two(at + 4) >= 0
    )


cdef int64_t floor_to(int64_t value, int64_t unit) noexcept nogil:
    """Return the largest multiple of `unit` that is not above `value`."""
    cdef int64_t rest = value % unit
    if rest < 0:
        rest += unit
    return value - rest
