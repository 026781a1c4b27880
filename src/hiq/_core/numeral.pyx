"""Numbers inside text, as Python's `float()` and Home Assistant's digit tail see them.

White space around, single underscores, digits of any script, `inf` and `nan`. The
text comes unescaped and checked; it knows nothing of JSON.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from hiq._core.buffer cimport Buffer, put_byte, reserve
from hiq._core.number cimport decimal_value, is_digit, put_double, put_plain
from hiq._core.span cimport Span, span
from hiq._core.unicode cimport is_decimal, is_space, next_point, to_decimal
from hiq._core.vector cimport Marks, copy, digit16, first_bit, mark

cdef enum:
    FOREIGN_LEAD = 0xD9    # begins U+0640 and up; the first digit there is U+0660

# numbers in text


cdef bint fold(Buffer* out, Span text) noexcept nogil:
    """Append the text with digits of any script and white space as ASCII."""
    cdef const uint8_t* at = text.at
    cdef const uint8_t* end = at + text.length
    cdef uint32_t point
    while at < end:
        point = next_point(&at)
        if point < 128:
            put_byte(out, <uint8_t> point)
        elif is_space(point):
            put_byte(out, c" ")
        elif is_decimal(point):
            put_byte(out, <uint8_t> (c"0" + to_decimal(point)))
        else:
            return False
    return not out.failed


cdef inline bint is_blank(uint8_t byte) noexcept nogil:
    return byte == 32 or 9 <= byte <= 13


cdef int word_value(const uint8_t* at, size_t length) noexcept nogil:
    """Return 1 for `inf`, `infinity` and `nan` in any case, else 0."""
    cdef const char* word = b"infinity"
    cdef size_t i
    if length == 3 and (at[0] | 32) == c"n":
        return (at[1] | 32) == c"a" and (at[2] | 32) == c"n"
    if length != 3 and length != 8:
        return 0
    for i in range(length):
        if (at[i] | 32) != <uint8_t> word[i]:
            return 0
    return 1


cdef bint put_digits(
    Buffer* out, const uint8_t** start, const uint8_t* end
) noexcept nogil:
    """Append digits and step over them and single underscores; False: wrong ones."""
    cdef const uint8_t* at = start[0]
    while at < end:
        if is_digit(at[0]):
            put_byte(out, at[0])
        elif at[0] == c"_":
            if at == start[0] or not is_digit((at - 1)[0]):
                return False
            if at + 1 == end or not is_digit(at[1]):
                return False
        else:
            break
        at += 1
    start[0] = at
    return True


cdef Numeric put_general(Buffer* out, Span text, Buffer* scratch) noexcept nogil:
    """Append `repr(float(text))` of an ASCII text by the whole grammar."""
    cdef const uint8_t* at = text.at
    cdef const uint8_t* end = at + text.length
    cdef size_t mark = scratch.length
    cdef size_t before
    cdef size_t digits
    cdef double value
    while at < end and is_blank(at[0]):
        at += 1
    while end > at and is_blank((end - 1)[0]):
        end -= 1
    if at == end:
        return NOT_A_NUMBER
    if at[0] == c"-":
        put_byte(scratch, c"-")
        at += 1
    elif at[0] == c"+":
        at += 1
    if at < end and word_value(at, end - at):
        scratch.length = mark
        return NOT_FINITE
    before = scratch.length
    if not put_digits(scratch, &at, end):
        return NOT_A_NUMBER
    digits = scratch.length - before
    if at < end and at[0] == c".":
        put_byte(scratch, c".")
        before = scratch.length
        at += 1
        if not put_digits(scratch, &at, end):
            return NOT_A_NUMBER
        digits += scratch.length - before
    if digits == 0:
        return NOT_A_NUMBER
    if at < end and (at[0] | 32) == c"e":
        put_byte(scratch, c"e")
        at += 1
        if at < end and (at[0] == c"+" or at[0] == c"-"):
            put_byte(scratch, at[0])
            at += 1
        before = scratch.length
        if not put_digits(scratch, &at, end) or scratch.length == before:
            return NOT_A_NUMBER
    if at != end or scratch.failed:
        return NOT_A_NUMBER
    value = decimal_value(scratch.data + mark, scratch.length - mark)
    if value - value != 0.0:
        return NOT_FINITE
    put_double(out, value)
    return FINITE


cdef Numeric put_decimal(Buffer* out, const uint8_t* at, const uint8_t* end) noexcept nogil:
    """Append digits with at most one point among them."""
    cdef double value
    if put_plain(out, at, end, False):
        return FINITE
    value = decimal_value(at, end - at)
    if value - value != 0.0:
        return NOT_FINITE
    put_double(out, value)
    return FINITE


cdef Numeric put_text_number(
    Buffer* out, Span text, bint high, Buffer* scratch
) noexcept nogil:
    """Append `repr(float(text))`, if the text is a number.

    `high`: it has bytes above 127. Not finite: nothing is appended.
    """
    cdef size_t mark = scratch.length
    cdef size_t folded
    cdef Numeric result = NOT_A_NUMBER
    cdef uint8_t first
    if text.length == 0:
        return NOT_A_NUMBER
    first = text.at[0]
    if not high:
        # Most texts are words: their first letter decides.
        if first > c"9" and first | 32 != c"i" and first | 32 != c"n":
            return NOT_A_NUMBER
        if put_plain(out, text.at, text.at + text.length, False):
            return FINITE
        result = put_general(out, text, scratch)
    elif first > 127 or first <= c"9" or first | 32 == c"i" or first | 32 == c"n":
        if fold(scratch, text):
            folded = scratch.length - mark
            if reserve(scratch, folded + 32):
                result = put_general(out, span(scratch.data + mark, folded), scratch)
    scratch.length = mark
    return result


cdef enum Tail:
    NO_TAIL = 0
    ASCII_TAIL = 1
    FOREIGN_TAIL = 2    # there may be digits of other scripts

cdef Tail tail_of(Span text) noexcept nogil:
    """Return whether a text has the pattern of `put_digit_tail`, 64 bytes at a time."""
    cdef Marks marks
    cdef size_t done = 0
    cdef size_t length
    cdef uint64_t points = 0          # how many
    cdef uint64_t adjacent = 0        # digits behind a digit
    cdef uint64_t between = 0         # digits behind a point behind a digit
    cdef uint64_t after_digit = 0     # of the last byte of the block before
    cdef uint64_t after_point = 0
    cdef uint64_t point
    while done < text.length:
        length = min(text.length - done, <size_t> 64)
        marks = mark(text.at + done, length)
        if marks.foreign:
            return FOREIGN_TAIL
        if marks.points:
            if points or marks.points & (marks.points - 1):
                return NO_TAIL
            points = 1
        adjacent |= marks.digits & (marks.digits << 1 | after_digit)
        point = marks.points & (marks.digits << 1 | after_digit)
        between |= marks.digits & (point << 1 | after_point)
        after_digit = marks.digits >> 63
        after_point = point >> 63
        done += length
    return ASCII_TAIL if (between if points else adjacent) else NO_TAIL


cdef inline void put_marked(
    Buffer* out, const uint8_t* at, uint64_t marked
) noexcept nogil:
    """Append the marked bytes, for which there is room, run by run."""
    cdef size_t done = 0
    cdef size_t length
    while marked:
        length = first_bit(marked)
        done += length
        marked >>= length
        length = first_bit(~marked) if ~marked else 64
        copy(out.data + out.length, at + done, length)
        out.length += length
        done += length
        marked = marked >> length if length < 64 else 0


cdef Numeric put_digit_tail(Buffer* out, Span text, Buffer* scratch) noexcept nogil:
    """Append the number of a text such as `99%`, if its pattern matches.

    The text has no point and two adjacent digits, or one point between digits. The
    number is what remains of the text without anything but digits and the point.
    """
    cdef const uint8_t* at = text.at
    cdef const uint8_t* end = at + text.length
    cdef size_t start = scratch.length
    cdef size_t points = 0
    cdef uint32_t point
    cdef bint adjacent = False   # two digits side by side
    cdef bint between = False    # a point with a digit on both sides
    cdef int step
    cdef int last = 0            # 1 a digit, 2 a point behind a digit, 0 else
    cdef Numeric result = NOT_A_NUMBER
    cdef Marks marks
    cdef Tail tail = tail_of(text)
    if tail == NO_TAIL or tail == ASCII_TAIL and not reserve(scratch, text.length):
        return NOT_A_NUMBER
    if tail == ASCII_TAIL:
        while at < end:
            marks = mark(at, min(<size_t> (end - at), <size_t> 64))
            put_marked(scratch, at, marks.digits | marks.points)
            at += min(<size_t> (end - at), <size_t> 64)
        points, adjacent, between = 1, True, True
    while at < end:
        if last == 0 and end - at >= 16:
            step = digit16(at)
            at += step
            if step == 16:
                continue
        if at[0] < FOREIGN_LEAD:
            # ASCII, or a byte of a code point that is no digit.
            point = at[0]
            at += 1
        else:
            point = next_point(&at)
            point = c"0" + to_decimal(point) if is_decimal(point) else 0
        if c"0" <= point <= c"9":
            put_byte(scratch, <uint8_t> point)
            adjacent = adjacent or last == 1
            between = between or last == 2
            last = 1
        elif point == c".":
            put_byte(scratch, c".")
            points += 1
            if points > 1:
                break
            last = 2 if last == 1 else 0
        else:
            last = 0
    if ((points == 0 and adjacent) or (points == 1 and between)) and not scratch.failed:
        result = put_decimal(
            out, scratch.data + start, scratch.data + scratch.length
        )
    scratch.length = start
    return result
