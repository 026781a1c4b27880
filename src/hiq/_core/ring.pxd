from libc.stdint cimport int64_t, uint32_t, uint64_t

from hiq._core.buffer cimport Buffer

# One line of the ring.
cdef struct Record:
    uint64_t series
    int64_t time_ns
    uint32_t length

cdef struct Stamps:
    int64_t first_ns
    int64_t last_ns

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
    cdef bint group(self, char* to) noexcept nogil
    cdef void clear(self) noexcept nogil
    cdef Stamps stamps(self) noexcept nogil
