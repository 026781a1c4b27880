cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t

from hiq._core.buffer cimport Buffer

# One line of the ring.
cdef struct Record:
    uint64_t series
    int64_t time_ns
    uint32_t length

# Some lines in a row, by number and by byte.
cdef struct Part:
    size_t first
    size_t count
    size_t start
    size_t length
    int64_t first_ns    # smallest and largest time stamp, 0 without lines
    int64_t last_ns

@cython.final
cdef class Ring:
    # construction
    cdef Buffer lines
    cdef Record* _records
    cdef size_t _capacity
    cdef size_t count        # lines added, committed or not
    cdef size_t _kept_count  # committed
    cdef size_t _kept_bytes

    # hot path
    cdef bint add(self, size_t start, uint64_t series, int64_t time_ns) noexcept nogil
    cdef void commit(self) noexcept nogil
    cdef void roll_back(self) noexcept nogil
    cdef Part part(
        self, const Part* before, size_t max_count, size_t max_bytes
    ) noexcept nogil
    cdef bint group(self, const Part* part, char* to) noexcept nogil
    cdef void clear(self) noexcept nogil
