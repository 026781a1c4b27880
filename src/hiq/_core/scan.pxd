from libc.stdint cimport int32_t, uint8_t, uint32_t

from hiq._core.span cimport STRING, Value
from hiq._core.status cimport Status

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    /* Index of the first byte of 16 that is a quote, a backslash, a control
       character or above 127; 16 if there is none. */
    #if defined(__SSE2__)
    #include <emmintrin.h>
    static inline int hiq_special16(const uint8_t *p) {
        __m128i x = _mm_loadu_si128((const __m128i *)p);
        __m128i hit = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                         _mm_cmpeq_epi8(x, _mm_set1_epi8('\\\\'))),
            _mm_cmplt_epi8(x, _mm_set1_epi8(0x20)));
        int mask = _mm_movemask_epi8(hit);
        return mask ? __builtin_ctz((unsigned)mask) : 16;
    }
    #else
    static inline int hiq_special16(const uint8_t *p) {
        int i = 0;
        while (i < 16 && p[i] >= 0x20 && p[i] < 0x80 && p[i] != '"' && p[i] != '\\\\')
            i++;
        return i;
    }
    #endif
    """
    int hiq_special16(const uint8_t* at) noexcept nogil


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
        step = hiq_special16(at)
        if step < 16 and at[step] == c'"':
            out.start = <uint32_t> (at - cursor.base)
            out.length = step
            out.kind = STRING
            out.flags = 0
            cursor.at = at + step + 1
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
