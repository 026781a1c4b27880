"""Strict JSON: one pass that checks everything and keeps nothing.

What is accepted is what orjson accepts: RFC 8259, UTF-8, no lone surrogate
escapes, no number beyond a double, at most 1,024 levels. Not one byte behind the
end is read. It knows nothing of Home Assistant.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcmp

from hiq._core.number cimport decimal_fits
from hiq._core.span cimport (
    ESCAPED, FALSE_VALUE, FLOAT, HIGH, INTEGER, LIST, MAP, NULL_VALUE, STRING,
    TRUE_VALUE, Value,
)
from hiq._core.status cimport Status
from hiq._core.vector cimport digits, digits16, first_bit, pairs, special16

# construction


cdef void start(Cursor* cursor, const uint8_t* base, size_t length) noexcept nogil:
    """Begin at the first byte of `length` bytes."""
    cursor.base = base
    cursor.at = base
    cursor.end = base + length
    cursor.depth = MAX_DEPTH
    cursor.status = Status.OK


cdef void inside(Cursor* cursor, const uint8_t* base, const Value* value) noexcept nogil:
    """Begin at a value that has been checked; the cursor cannot leave it."""
    start(cursor, base, value.start + value.length)
    cursor.at = base + value.start


# strings


cdef inline int utf8_length(const uint8_t* at, const uint8_t* end) noexcept nogil:
    """Return the bytes of the sequence at `at`, 0 if it is not UTF-8."""
    cdef uint8_t lead = at[0]
    cdef size_t left = end - at
    if lead < 0xC2:
        return 0
    if lead < 0xE0:
        return 2 if left >= 2 and at[1] & 0xC0 == 0x80 else 0
    if left < 3 or at[1] & 0xC0 != 0x80 or at[2] & 0xC0 != 0x80:
        return 0
    if lead < 0xF0:
        if lead == 0xE0 and at[1] < 0xA0:
            return 0
        return 0 if lead == 0xED and at[1] > 0x9F else 3
    if lead > 0xF4 or left < 4 or at[3] & 0xC0 != 0x80:
        return 0
    if lead == 0xF0 and at[1] < 0x90:
        return 0
    return 0 if lead == 0xF4 and at[1] > 0x8F else 4


cdef inline int hex4(const uint8_t* at) noexcept nogil:
    """Return the value of four hexadecimal digits, -1 if they are not."""
    cdef int value = 0
    cdef int i
    cdef uint8_t byte
    for i in range(4):
        byte = at[i]
        if c"0" <= byte <= c"9":
            value = value * 16 + byte - c"0"
        elif c"a" <= (byte | 32) <= c"f":
            value = value * 16 + (byte | 32) - c"a" + 10
        else:
            return -1
    return value


cdef int escape_length(const uint8_t* at, const uint8_t* end) noexcept nogil:
    """Return the bytes of the escape at `at`, 0 if it is none."""
    cdef int unit
    if end - at < 2:
        return 0
    if at[1] != c"u":
        if at[1] in (c'"', c"\\", c"/", c"b", c"f", c"n", c"r", c"t"):
            return 2
        return 0
    if end - at < 6:
        return 0
    unit = hex4(at + 2)
    if unit < 0 or 0xDC00 <= unit < 0xE000:
        return 0
    if not 0xD800 <= unit < 0xDC00:
        return 6
    if end - at < 12 or at[6] != c"\\" or at[7] != c"u":
        return 0
    unit = hex4(at + 8)
    return 12 if 0xDC00 <= unit < 0xE000 else 0


cdef bint scan_long_string(Cursor* cursor, Value* out) noexcept nogil:
    """Read any string from behind the opening quote to behind the closing one."""
    cdef const uint8_t* at = cursor.at
    cdef const uint8_t* end = cursor.end
    cdef int step
    cdef uint8_t flags = 0
    out.kind = STRING
    out.start = <uint32_t> (at - cursor.base)
    while True:
        step = 16
        while step == 16 and end - at >= 16:
            step = special16(at)
            at += step
        if step == 16:
            while at < end and 32 <= at[0] < 128 and at[0] != c'"' and at[0] != c"\\":
                at += 1
            if at == end:
                return fail(cursor, Status.BAD_JSON)
        if at[0] == c'"':
            break
        if at[0] == c"\\":
            flags |= ESCAPED
            step = escape_length(at, end)
            if step == 0:
                return fail(cursor, Status.BAD_JSON)
            at += step
        elif at[0] < 32:
            return fail(cursor, Status.BAD_JSON)
        else:
            flags |= HIGH
            while at < end and at[0] > 127:
                at += pairs(at, end)
                if at == end or at[0] < 128:
                    break
                step = utf8_length(at, end)
                if step == 0:
                    return fail(cursor, Status.BAD_UTF8)
                at += step
    out.length = <uint32_t> (at - cursor.base) - out.start
    out.flags = flags
    cursor.at = at + 1
    return True


# other values


cdef bint scan_number(Cursor* cursor, Value* out) noexcept nogil:
    """Read a number of RFC 8259 that fits a double."""
    cdef const uint8_t* at = cursor.at
    cdef const uint8_t* end = cursor.end
    cdef size_t count
    cdef uint32_t other = 0     # a bit for each of the first bytes that is no digit
    cdef bint exponent = False
    out.kind = INTEGER
    out.flags = 0
    out.start = <uint32_t> (at - cursor.base)
    if at < end and at[0] == c"-":
        at += 1
    if end - at > 16:
        other = ~digits16(at)
        count = first_bit(other)
    if other & 0xFFFF == 0:
        count = digits(at, end)
    if count == 0 or (at[0] == c"0" and count > 1):
        return fail(cursor, Status.BAD_JSON)
    at += count
    if at < end and at[0] == c".":
        out.kind = FLOAT
        at += 1
        other = (other & 0xFFFF) >> (count + 1) if count < 16 else 0
        count = first_bit(other) if other else digits(at, end)
        if count == 0:
            return fail(cursor, Status.BAD_JSON)
        at += count
    if at < end and (at[0] | 32) == c"e":
        out.kind = FLOAT
        exponent = True
        at += 1
        if at < end and (at[0] == c"+" or at[0] == c"-"):
            at += 1
        count = digits(at, end)
        if count == 0:
            return fail(cursor, Status.BAD_JSON)
        at += count
    out.length = <uint32_t> (at - cursor.base) - out.start
    cursor.at = at
    if (exponent or out.length > 300) and not decimal_fits(
        cursor.base + out.start, out.length
    ):
        return fail(cursor, Status.BAD_JSON)
    return True


cdef inline bint scan_literal(Cursor* cursor, const char* word, size_t length) noexcept nogil:
    if <size_t> (cursor.end - cursor.at) < length or memcmp(cursor.at, word, length) != 0:
        return fail(cursor, Status.BAD_JSON)
    cursor.at += length
    return True


cdef bint scan_map(Cursor* cursor) noexcept nogil:
    """Read a whole map, from its bracket on."""
    cdef Value key
    cdef Value value
    cdef bint first = True
    cdef int more
    if not enter(cursor):
        return False
    while True:
        more = next_key(cursor, &key, first)
        if more <= 0:
            return more == 0
        first = False
        if not scan_value(cursor, &value):
            return False


cdef bint scan_list(Cursor* cursor) noexcept nogil:
    """Read a whole list, from its bracket on."""
    cdef Value value
    cdef bint first = True
    cdef int more
    if not enter(cursor):
        return False
    while True:
        more = next_item(cursor, first)
        if more <= 0:
            return more == 0
        first = False
        if not scan_value(cursor, &value):
            return False


cdef bint scan_value(Cursor* cursor, Value* out) noexcept nogil:
    """Read one value of any kind; the cursor ends behind it."""
    cdef uint8_t byte
    cdef bint good
    if cursor.at == cursor.end:
        return fail(cursor, Status.BAD_JSON)
    byte = cursor.at[0]
    if byte == c'"':
        cursor.at += 1
        return scan_string(cursor, out)
    out.flags = 0
    out.start = <uint32_t> (cursor.at - cursor.base)
    if byte == c"{":
        out.kind = MAP
        good = scan_map(cursor)
    elif byte == c"[":
        out.kind = LIST
        good = scan_list(cursor)
    elif byte == c"n":
        out.kind = NULL_VALUE
        good = scan_literal(cursor, b"null", 4)
    elif byte == c"t":
        out.kind = TRUE_VALUE
        good = scan_literal(cursor, b"true", 4)
    elif byte == c"f":
        out.kind = FALSE_VALUE
        good = scan_literal(cursor, b"false", 5)
    else:
        return scan_number(cursor, out)
    out.length = <uint32_t> (cursor.at - cursor.base) - out.start
    return good


# error path


cdef bint is_utf8(const uint8_t* at, size_t length) noexcept nogil:
    """Return whether all of it is UTF-8; used to name the reason of a refusal."""
    cdef const uint8_t* end = at + length
    cdef int step
    while at < end:
        if at[0] < 128:
            at += 1
            continue
        step = utf8_length(at, end)
        if step == 0:
            return False
        at += step
    return True
