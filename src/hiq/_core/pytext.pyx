"""The text that Python's `str()` gives a JSON value, without Python.

Strings inside lists and maps are quoted as `repr` does it, by Python's own table of
printable code points. What it leaves to the slow path it refuses: maps with
repeated keys or very many of them.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memchr

from hiq._core.buffer cimport Buffer, put, put_byte, put_span
from hiq._core.number cimport put_number
from hiq._core.scan cimport Cursor, enter, inside, next_item, next_key, scan_value
from hiq._core.span cimport (
    ESCAPED, FALSE_VALUE, FLOAT, INTEGER, LIST, MAP, NULL_VALUE, STRING, TRUE_VALUE,
    Span, Value, hash_of, span, span_of,
)
from hiq._core.text cimport put_unescaped, text_of
from hiq._core.unicode cimport is_printable, next_point

# strings


cdef inline void put_hex(Buffer* out, uint8_t letter, uint32_t point, int digits) noexcept nogil:
    cdef const char* hexadecimal = b"0123456789abcdef"
    put_byte(out, c"\\")
    put_byte(out, letter)
    while digits:
        digits -= 1
        put_byte(out, hexadecimal[point >> (4 * digits) & 15])


cdef void put_repr(Buffer* out, Span text) noexcept nogil:
    """Append a string in quotes, as `repr` does it."""
    cdef const uint8_t* at = text.at
    cdef const uint8_t* end = at + text.length
    cdef const uint8_t* before
    cdef uint8_t quote = c"'"
    cdef uint32_t point
    if text.length and memchr(at, c"'", text.length) and not memchr(at, c'"', text.length):
        quote = c'"'
    put_byte(out, quote)
    while at < end:
        before = at
        point = next_point(&at)
        if 32 <= point < 127:
            if point == quote or point == c"\\":
                put_byte(out, c"\\")
            put_byte(out, <uint8_t> point)
        elif point == 10:
            put(out, b"\\n", 2)
        elif point == 13:
            put(out, b"\\r", 2)
        elif point == 9:
            put(out, b"\\t", 2)
        elif point > 127 and is_printable(point):
            put(out, before, at - before)
        elif point < 0x100:
            put_hex(out, c"x", point, 2)
        elif point < 0x10000:
            put_hex(out, c"u", point, 4)
        else:
            put_hex(out, c"U", point, 8)
    put_byte(out, quote)


# values


cdef bint put_text(
    Buffer* out, const uint8_t* base, const Value* value, Buffer* scratch
) noexcept nogil:
    """Append `str(value)`; a string is itself. False: the slow path has to do it."""
    if value.kind != STRING:
        return put_nested(out, base, value, scratch)
    if value.flags & ESCAPED:
        put_unescaped(out, span_of(base, value))
    else:
        put_span(out, span_of(base, value))
    return True


cdef bint put_nested(
    Buffer* out, const uint8_t* base, const Value* value, Buffer* scratch
) noexcept nogil:
    """Append `repr(value)`."""
    cdef Cursor cursor
    cdef Span raw = span_of(base, value)
    cdef size_t mark
    if value.kind == STRING:
        mark = scratch.length
        put_repr(out, text_of(base, value, scratch))
        scratch.length = mark
    elif value.kind == NULL_VALUE:
        put(out, b"None", 4)
    elif value.kind == TRUE_VALUE:
        put(out, b"True", 4)
    elif value.kind == FALSE_VALUE:
        put(out, b"False", 5)
    elif value.kind == FLOAT:
        put_number(out, raw, False)
    elif value.kind == INTEGER:
        if raw.length == 2 and raw.at[0] == c"-" and raw.at[1] == c"0":
            raw = span(raw.at + 1, 1)
        put_span(out, raw)
    else:
        inside(&cursor, base, value)
        if value.kind == LIST:
            return put_list(out, &cursor, scratch)
        return put_map(out, &cursor, scratch)
    return True


cdef bint put_list(Buffer* out, Cursor* cursor, Buffer* scratch) noexcept nogil:
    """Append a list; the cursor stands at its bracket."""
    cdef Value item
    cdef bint first = True
    put_byte(out, c"[")
    enter(cursor)
    while next_item(cursor, first) > 0:
        if not first:
            put(out, b", ", 2)
        first = False
        if not scan_value(cursor, &item) or not put_nested(
            out, cursor.base, &item, scratch
        ):
            return False
    put_byte(out, c"]")
    return True


cdef bint put_map(Buffer* out, Cursor* cursor, Buffer* scratch) noexcept nogil:
    """Append a map; the cursor stands at its bracket."""
    cdef uint64_t[MAX_KEYS] seen
    cdef Value key
    cdef Value item
    cdef Span name
    cdef size_t mark = scratch.length
    cdef size_t count = 0
    cdef size_t i
    put_byte(out, c"{")
    enter(cursor)
    while next_key(cursor, &key, count == 0) > 0:
        name = text_of(cursor.base, &key, scratch)
        if count == MAX_KEYS:
            return False
        if count:
            put(out, b", ", 2)
        seen[count] = hash_of(name)
        for i in range(count):
            if seen[i] == seen[count]:
                return False
        count += 1
        put_repr(out, name)
        scratch.length = mark
        put(out, b": ", 2)
        if not scan_value(cursor, &item) or not put_nested(
            out, cursor.base, &item, scratch
        ):
            return False
    put_byte(out, c"}")
    return True
