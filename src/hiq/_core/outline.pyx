"""What pieces of JSON look like that come again and again with other texts in them.

Home Assistant writes the end of every state and of every event the same way; only
time stamps and ids differ, inside strings of one length. Such a piece that has been
read strictly once is recognised afterwards: every byte is the same, or lies inside a
string value and is plain ASCII. So it is as valid as the first, and has the same keys.
It knows no key; what must not be in a piece is checked by who teaches it.
"""

from libc.stdint cimport uint8_t
from libc.string cimport memcpy, memset

from hiq._core.vector cimport fits

cdef enum:
    PATIENCE = 16    # pieces that may be learned without one that fits

# construction


cdef bint outline_learn(
    Outlines* outlines, const uint8_t* at, size_t length, size_t mark, size_t mark_length
) noexcept nogil:
    """Remember what a checked piece looks like; False if it cannot be an outline.

    `mark`: the offset of something in it that the owner wants to find again.
    """
    cdef Outline* outline = &outlines.items[outlines.next]
    cdef size_t i
    cdef size_t start
    if not MIN_OUTLINE <= length <= MAX_OUTLINE:
        return False
    # What never comes again is not worth it.
    if outlines.learned > PATIENCE + outlines.hits // 4:
        return False
    for i in range(length):
        if at[i] == c"\\" or at[i] > 127 or at[i] < 32:
            return False
    memcpy(outline.text, at, length)
    memset(outline.loose, 0, length)
    i = 0
    while i < length:
        start = i + 1
        if at[i] == c'"':
            i = start
            while i < length and at[i] != c'"':
                i += 1
            # What does not end as a value does might be a key.
            if i + 1 < length and at[i + 1] in (c",", c"}", c"]"):
                memset(outline.loose + start, 255, i - start)
                memset(outline.text + start, c'"', i - start)
        i += 1
    outline.length = <uint32_t> length
    outline.mark = <uint32_t> mark
    outline.mark_length = <uint32_t> mark_length
    outlines.learned += 1
    outlines.last = outlines.next
    outlines.count = max(outlines.count, outlines.next + 1)
    outlines.next = (outlines.next + 1) % OUTLINES
    return True


# hot path


cdef const Outline* outline_other(
    Outlines* outlines, const uint8_t* at, size_t left
) noexcept nogil:
    """Return the outline that fits, if it is not the last one that did."""
    cdef Outline* outline
    cdef uint32_t i
    for i in range(outlines.count):
        outline = &outlines.items[i]
        if i != outlines.last and outline.length <= left and fits(
            at, outline.text, outline.loose, outline.length
        ):
            outlines.last = i
            outlines.hits += 1
            return outline
    return NULL
