from libc.stdint cimport uint8_t, uint32_t, uint64_t

from hiq._core.span cimport Span
from hiq._core.tags cimport Entities, Entity

cdef enum:
    MOST_DOMAINS = 128
    MOST_BYTES = 64        # of the name of a domain that is told apart

cdef class Counts:
    # construction
    cdef Entities _entities
    cdef uint64_t _events[MOST_DOMAINS + 1]    # by domain; 0: all others
    cdef uint8_t _names[(MOST_DOMAINS + 1) * MOST_BYTES]
    cdef uint8_t _lengths[MOST_DOMAINS + 1]
    cdef uint32_t _domains

    # hot path
    cdef uint32_t domain_number(self, Span name) noexcept nogil


cdef inline void count_event(Counts counts, Entity* entity) noexcept nogil:
    """Count one event of an entity; of one that is not remembered by its domain."""
    entity.events += 1
    counts._events[entity.domain] += 1
