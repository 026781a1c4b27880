"""Text on its way from JSON to line protocol: unescape, clean, escape.

Line breaks are those of Python's `str.splitlines`. Rules for backslashes in names
are what InfluxDB 1.x and VictoriaMetrics both read back equal. It knows nothing of
attributes, tags or fields.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memchr, memcpy, memcmp

from hiq._core.buffer cimport Buffer, put, put_byte, put_span, reserve
from hiq._core.span cimport Span, Value, load8, same, span, span_of
from hiq._core.unicode cimport write_point
from hiq._core.vector cimport break16, quote16

cdef uint64_t ONES = 0x0101010101010101

# JSON text


cdef inline uint32_t hex_value(const uint8_t* at) noexcept nogil:
    cdef uint32_t value = 0
    cdef int i
    for i in range(4):
        value = value << 4 | ((at[i] & 15) + (9 if at[i] > 57 else 0))
    return value


cdef void put_unescaped(Buffer* out, Span raw) noexcept nogil:
    """Append a checked JSON string without its escapes."""
    cdef const uint8_t* at = raw.at
    cdef const uint8_t* end = at + raw.length
    cdef const uint8_t* stop
    cdef uint8_t* to
    cdef uint8_t byte
    cdef uint32_t point
    if not reserve(out, raw.length):
        return
    to = out.data + out.length
    while at < end:
        stop = <const uint8_t*> memchr(at, c"\\", end - at)
        if stop == NULL:
            stop = end
        memcpy(to, at, stop - at)
        to += stop - at
        at = stop
        if at == end:
            break
        byte = at[1]
        at += 2
        if byte == c"u":
            point = hex_value(at)
            at += 4
            if 0xD800 <= point < 0xDC00:
                point = 0x10000 + ((point & 0x3FF) << 10) + (hex_value(at + 2) & 0x3FF)
                at += 6
            to += write_point(to, point)
            continue
        if byte == c"n":
            byte = 10
        elif byte == c"t":
            byte = 9
        elif byte == c"r":
            byte = 13
        elif byte == c"b":
            byte = 8
        elif byte == c"f":
            byte = 12
        to[0] = byte
        to += 1
    out.length = to - out.data


cdef Span unescaped(
    const uint8_t* base, const Value* value, Buffer* scratch
) noexcept nogil:
    """Return the text of a string value without its escapes, in `scratch`."""
    cdef size_t mark = scratch.length
    put_unescaped(scratch, span_of(base, value))
    return span(scratch.data + mark, scratch.length - mark)


cdef bint is_text(const uint8_t* base, const Value* value, Span word) noexcept nogil:
    """Return whether a string value is the short ASCII `word`, escapes resolved."""
    cdef Span raw = span_of(base, value)
    cdef const uint8_t* at = raw.at
    cdef const uint8_t* end = at + raw.length
    cdef size_t i = 0
    cdef uint32_t point
    if not value.flags & ESCAPED:
        return same(raw, word)
    while at < end:
        point = at[0]
        at += 1
        if point == c"\\":
            point = at[0]
            at += 1
            if point == c"u":
                point = hex_value(at)
                at += 4
            elif point != c'"' and point != c"\\" and point != c"/":
                return False
        if i == word.length or point != word.at[i]:
            return False
        i += 1
    return i == word.length


# line breaks


cdef inline int break_length(const uint8_t* at, const uint8_t* end) noexcept nogil:
    """Return the bytes of the line break at `at`, 0 if there is none."""
    cdef uint8_t byte = at[0]
    if byte < 32:
        if byte == 13:
            return 2 if end - at > 1 and at[1] == 10 else 1
        return 10 <= byte <= 12 or 28 <= byte <= 30
    if byte == 0xC2:
        return 2 if at[1] == 0x85 else 0
    if byte == 0xE2 and at[1] == 0x80 and (at[2] == 0xA8 or at[2] == 0xA9):
        return 3
    return 0


cdef bint has_breaks(Span text) noexcept nogil:
    """Return whether the text has a line break of any kind."""
    cdef const uint8_t* at = text.at
    cdef const uint8_t* end = at + text.length
    cdef int step
    while at < end:
        if end - at >= 16:
            step = break16(at)
            at += step
            if step == 16:
                continue
        if break_length(at, end):
            return True
        at += 1
    return False


cdef size_t one_line(uint8_t* at, size_t length) noexcept nogil:
    """Join lines by single spaces in place, drop a break at the end; new length."""
    cdef const uint8_t* end = at + length
    cdef const uint8_t* source = at
    cdef uint8_t* to = at
    cdef int step
    while source < end:
        step = break_length(source, end)
        if step == 0:
            to[0] = source[0]
            to += 1
            source += 1
            continue
        source += step
        if source < end:
            to[0] = c" "
            to += 1
    return to - at


# names and strings of line protocol


cdef inline uint64_t below(uint64_t word, uint8_t limit) noexcept nogil:
    """Mark the bytes of eight that are below a limit of at most 128."""
    return (word - ONES * limit) & ~word


cdef bint is_simple(Span text) noexcept nogil:
    """Return whether a name needs neither cleaning nor escaping."""
    cdef const uint8_t* at = text.at
    cdef size_t left = text.length
    cdef uint64_t word
    cdef uint64_t hits = 0
    while left:
        # What is missing at the end is filled up with a harmless byte.
        if left >= 8:
            word = load8(at)
            at += 8
            left -= 8
        else:
            word = ONES * c"a"
            memcpy(&word, at, left)
            left = 0
        hits |= word | below(word, 33)
        hits |= below(word ^ (ONES * c","), 1) | below(word ^ (ONES * c"="), 1)
        hits |= below(word ^ (ONES * c"\\"), 1)
    return text.length > 0 and not hits & (ONES << 7)


cdef void put_clean_name(Buffer* out, Span text) noexcept nogil:
    """Append a measurement, key or tag value as all servers read it back equal.

    One line; backslashes before a space, comma or `=` are dropped, at the end they
    become one space. A backslash elsewhere is a plain character.
    """
    cdef size_t mark = out.length
    cdef size_t length
    cdef size_t i
    cdef size_t run
    cdef uint8_t* at
    cdef uint8_t* to
    put_span(out, text)
    if out.failed:
        return
    at = out.data + mark
    to = at
    length = one_line(at, out.length - mark)
    i = 0
    while i < length:
        if at[i] != c"\\":
            to[0] = at[i]
            to += 1
            i += 1
            continue
        run = i
        while i < length and at[i] == c"\\":
            i += 1
        if i == length:
            to[0] = c" "
            to += 1
        elif at[i] != c" " and at[i] != c"," and at[i] != c"=":
            while run < i:
                to[0] = c"\\"
                to += 1
                run += 1
    out.length = to - out.data


cdef void put_escaped(Buffer* out, Span text, bint equals) noexcept nogil:
    """Append a cleaned name with a backslash before space, comma and, if told, `=`."""
    cdef const uint8_t* at = text.at
    cdef const uint8_t* end = at + text.length
    cdef uint8_t* to
    if not reserve(out, text.length * 2):
        return
    to = out.data + out.length
    while at < end:
        if at[0] == c" " or at[0] == c"," or (equals and at[0] == c"="):
            to[0] = c"\\"
            to += 1
        to[0] = at[0]
        to += 1
        at += 1
    out.length = to - out.data


cdef void put_quoted(Buffer* out, Span text) noexcept nogil:
    """Append a string field in quotes, with a backslash before `"` and `\\`."""
    cdef const uint8_t* at = text.at
    cdef const uint8_t* end = at + text.length
    cdef uint8_t* to
    cdef int step
    if not reserve(out, text.length * 2 + 2):
        return
    to = out.data + out.length
    to[0] = c'"'
    to += 1
    while at < end:
        if end - at >= 16:
            step = quote16(at)
            memcpy(to, at, 16)
            to += step
            at += step
            if step == 16:
                continue
        if at[0] == c'"' or at[0] == c"\\":
            to[0] = c"\\"
            to += 1
        to[0] = at[0]
        to += 1
        at += 1
    to[0] = c'"'
    out.length = to + 1 - out.data
