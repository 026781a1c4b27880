from libc.stdint cimport int64_t, uint8_t, uint32_t

from hiq._core.buffer cimport Buffer
from hiq._core.cards cimport Cards
from hiq._core.event cimport Event
from hiq._core.homeiq cimport HomeIQ
from hiq._core.ring cimport Ring
from hiq._core.row cimport Made, Row, Seen
from hiq._core.span cimport Span
from hiq._core.stamp cimport Stamp
from hiq._core.status cimport Status
from hiq._core.tags cimport Entities, Entity
from hiq._core.tidy cimport Tidy

cdef class Schemas:
    # construction
    cdef readonly Cards cards
    cdef readonly HomeIQ homeiq
    cdef readonly Tidy tidy
    cdef bint _has_homeiq
    cdef bint _has_tidy
    cdef Ring homeiq_ring
    cdef Ring tidy_ring
    cdef Entities _entities
    cdef Row* _rows
    cdef size_t _capacity
    cdef size_t _count
    cdef Row _stranger
    cdef Seen _seen
    cdef Stamp _stamp
    cdef readonly size_t remembered_bytes
    cdef size_t _memory_limit
    cdef bint _is_homeiq_first

    # hot path
    cdef Status write(
        self, const uint8_t* base, const Event* event, const Entity* entity, Span state,
        int64_t fired_ns, int64_t time_ns,
    ) noexcept nogil
    cdef Row* _row(self, uint32_t number) noexcept nogil
    cdef Row* _place(self, Row* row) noexcept nogil
    cdef bint _prepare(self, Row* row) noexcept nogil
    cdef Status _finish(
        self, Ring ring, Made* made, size_t start, int64_t time_ns
    ) noexcept nogil
    cdef void commit(self) noexcept nogil
    cdef void roll_back(self) noexcept nogil
    cdef size_t buffered_bytes(self) noexcept nogil
