from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from hiq._core.span cimport Span

cdef enum Step:
    LITERAL = 0    # one code point: first
    ANY = 1        # any one code point
    STAR = 2       # any number of code points
    INSIDE = 3     # one code point within the ranges first to last of the table
    OUTSIDE = 4    # one code point within none of them

cdef struct GlobStep:
    int32_t step
    uint32_t first
    uint32_t last

# What every text that matches has.
cdef struct Ends:
    const uint8_t* prefix
    const uint8_t* suffix
    uint32_t prefix_length
    uint32_t suffix_length
    uint32_t fewest        # bytes
    uint64_t head          # up to eight bytes of the prefix, and which bits they are
    uint64_t head_mask
    uint64_t tail          # the same of the suffix
    uint64_t tail_mask

# The first and the last eight bytes of a text, and how long it is: a glance at many
# patterns costs a few comparisons of numbers.
cdef struct Edges:
    uint64_t head
    uint64_t tail
    size_t length

cdef struct Range:
    uint32_t low
    uint32_t high

cdef class Globs:
    # construction
    cdef GlobStep* _steps
    cdef size_t* _starts     # of each pattern in the steps, and the end
    cdef Range* _ranges
    cdef Ends* _ends
    cdef list _owned         # the bytes of the ends
    cdef readonly size_t count

    # hot path
    cdef bint _accepts(self, const GlobStep* step, uint32_t point) noexcept nogil
    cdef bint matches(self, size_t index, Span text) noexcept nogil
    cdef bint any(self, Span text) noexcept nogil


cdef inline uint64_t head_of(const uint8_t* at, size_t length) noexcept nogil:
    """Return the first eight bytes of a text, zeros behind a shorter one."""
    cdef uint64_t word = 0
    memcpy(&word, at, min(length, <size_t> 8))
    return word


cdef inline uint64_t tail_of(const uint8_t* at, size_t length) noexcept nogil:
    """Return the last eight bytes of a text, zeros before a shorter one."""
    cdef uint64_t word = 0
    cdef size_t count = min(length, <size_t> 8)
    memcpy(<uint8_t*> &word + 8 - count, at + length - count, count)
    return word


cdef inline void look_at(Span text, Edges* edges) noexcept nogil:
    """Fill the edges of a text."""
    edges.head = head_of(text.at, text.length) if text.length else 0
    edges.tail = tail_of(text.at, text.length) if text.length else 0
    edges.length = text.length


cdef inline size_t next_fit(
    const Ends* ends, size_t at, size_t last, const Edges* edges
) noexcept nogil:
    """Return the first pattern from `at` on that may match, `last` if none can."""
    while at < last and (
        edges.length < ends[at].fewest
        or (edges.head ^ ends[at].head) & ends[at].head_mask
        or (edges.tail ^ ends[at].tail) & ends[at].tail_mask
    ):
        at += 1
    return at
