from libc.stdint cimport int32_t, uint8_t, uint32_t

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
