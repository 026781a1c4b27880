from libc.stdint cimport uint8_t, uint32_t, uint64_t

from hiq._core.vector cimport fits

cdef enum:
    MAX_OUTLINE = 512
    MIN_OUTLINE = 32
    OUTLINES = 4

# A piece of JSON whose string values are left open, but for their length.
cdef struct Outline:
    uint32_t length
    uint32_t mark                # an offset of the owner's
    uint32_t mark_length
    uint8_t[MAX_OUTLINE] text
    uint8_t[MAX_OUTLINE] loose   # 255 inside a string value, else 0

# Those that were met lately.
cdef struct Outlines:
    Outline[OUTLINES] items
    uint32_t count
    uint32_t last                # that fitted
    uint32_t next                # to be replaced
    uint64_t learned
    uint64_t hits

# construction
cdef bint outline_learn(
    Outlines* outlines, const uint8_t* at, size_t length, size_t mark, size_t mark_length
) noexcept nogil

# hot path
cdef const Outline* outline_other(
    Outlines* outlines, const uint8_t* at, size_t left
) noexcept nogil


cdef inline const Outline* outline_find(
    Outlines* outlines, const uint8_t* at, const uint8_t* end
) noexcept nogil:
    """Return the outline that what stands at `at` has, NULL if none is known."""
    cdef size_t left = end - at
    cdef Outline* outline = &outlines.items[outlines.last]
    if outlines.count and outline.length <= left and fits(
        at, outline.text, outline.loose, outline.length
    ):
        outlines.hits += 1
        return outline
    return outline_other(outlines, at, left)
