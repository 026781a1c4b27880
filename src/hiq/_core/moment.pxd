from libc.stdint cimport int64_t, uint8_t

from hiq._core.span cimport Span

cdef enum Moment:
    MOMENT_BAD = 0
    MOMENT_OK = 1
    MOMENT_FAR = 2   # a date, but not within the nanoseconds of 64 bits

# The last minute that was read in full form, with offset +00:00.
cdef struct Minute:
    uint8_t[17] text     # up to the second colon
    int64_t seconds      # since 1970
    bint known

# hot path
cdef Moment moment_ns(Span text, Minute* minute, int64_t* out) noexcept nogil
cdef Moment moment_any(Span text, int64_t* out) noexcept nogil
cdef bint is_moment_shape(Span text) noexcept nogil
cdef int64_t floor_to(int64_t value, int64_t unit) noexcept nogil
