from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.string cimport memcmp

from hiq._core.span cimport STRING, Value
from hiq._core.status cimport Status
from hiq._core.vector cimport special16

cdef enum:
    MAX_DEPTH = 1024

cdef struct Cursor:
    const uint8_t* base
    const uint8_t* at
    const uint8_t* end
    int32_t depth    # levels that may still be opened
    Status status    # why the scan stopped, OK while it goes on


cdef inline void skip_space(Cursor* cursor) noexcept nogil:
    while cursor.at < cursor.end and cursor.at[0] <= 32 and (
        cursor.at[0] == 32 or cursor.at[0] == 10 or cursor.at[0] == 13 or cursor.at[0] == 9
    ):
        cursor.at += 1


cdef inline bint scan_string(Cursor* cursor, Value* out) noexcept nogil:
    """Read a string from behind the opening quote; most are short and plain."""
    cdef const uint8_t* at = cursor.at
    cdef int step
    if cursor.end - at >= 16:
        step = special16(at)
        if step < 16 and at[step] == c'"':
            out.start = <uint32_t> (at - cursor.base)
            out.length = step
            out.kind = STRING
            out.flags = 0
            cursor.at = at + step + 1
            return True
        if step == 16 and cursor.end - at > 32:
            step = special16(at + 16)
            if at[16 + step] == c'"':
                out.start = <uint32_t> (at - cursor.base)
                out.length = 16 + step
                out.kind = STRING
                out.flags = 0
                cursor.at = at + 17 + step
                return True
    return scan_long_string(cursor, out)


cdef inline bint fail(Cursor* cursor, Status status) noexcept nogil:
    cursor.status = status
    return False


cdef inline bint enter(Cursor* cursor) noexcept nogil:
    """Step over an opening bracket and the space behind it."""
    cursor.at += 1
    cursor.depth -= 1
    if cursor.depth < 0:
        return fail(cursor, Status.TOO_DEEP)
    skip_space(cursor)
    return True


# -1 leaves the status OK when the structure itself is bad: the frame maps it to BAD_JSON
cdef inline int next_key(Cursor* cursor, Value* key, bint first) noexcept nogil:
    """Go to the value of the next member: 1 there is one, 0 the map ends, -1 bad."""
    if not first:
        skip_space(cursor)
    if cursor.at == cursor.end:
        return -1
    if cursor.at[0] == c"}":
        cursor.at += 1
        cursor.depth += 1
        return 0
    if not first:
        if cursor.at[0] != c",":
            return -1
        cursor.at += 1
        skip_space(cursor)
        if cursor.at == cursor.end:
            return -1
    if cursor.at[0] != c'"':
        return -1
    cursor.at += 1
    if not scan_string(cursor, key):
        return -1
    skip_space(cursor)
    if cursor.at == cursor.end or cursor.at[0] != c":":
        return -1
    cursor.at += 1
    skip_space(cursor)
    return 1


cdef inline bint guess(Cursor* cursor, const char* text, size_t length) noexcept nogil:
    """Step over bytes that are likely to come next; False if they do not.

    The text must be valid at this place wherever it stands.
    """
    if <size_t> (cursor.end - cursor.at) < length or memcmp(cursor.at, text, length):
        return False
    cursor.at += length
    return True


cdef inline bint guess_key(
    Cursor* cursor, const char* text, size_t length
) noexcept nogil:
    """Step over a likely comma, key and colon, and space behind them."""
    if not guess(cursor, text, length):
        return False
    skip_space(cursor)
    return True


cdef inline int next_item(Cursor* cursor, bint first) noexcept nogil:
    """Go to the next item of a list: 1 there is one, 0 the list ends, -1 bad."""
    if not first:
        skip_space(cursor)
    if cursor.at == cursor.end:
        return -1
    if cursor.at[0] == c"]":
        cursor.at += 1
        cursor.depth += 1
        return 0
    if not first:
        if cursor.at[0] != c",":
            return -1
        cursor.at += 1
        skip_space(cursor)
    return 1


# construction
cdef void start(Cursor* cursor, const uint8_t* base, size_t length) noexcept nogil
cdef void inside(Cursor* cursor, const uint8_t* base, const Value* value) noexcept nogil

# hot path
cdef bint scan_long_string(Cursor* cursor, Value* out) noexcept nogil
cdef bint scan_number(Cursor* cursor, Value* out) noexcept nogil
cdef bint scan_map(Cursor* cursor) noexcept nogil
cdef bint scan_list(Cursor* cursor) noexcept nogil
cdef bint scan_value(Cursor* cursor, Value* out) noexcept nogil

# error path
cdef bint is_utf8(const uint8_t* at, size_t length) noexcept nogil
