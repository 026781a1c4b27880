"""How many events came, by entity and by domain.

Two additions per event, whatever was counted before. Domains beyond a number, or with
names longer than those of real ones, are counted together. It judges nothing.
"""

from heapq import heappush, heapreplace

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy

from hiq._core.span cimport Span, same, span
from hiq._core.tags cimport Entities, Entity


cdef class Counts:
    """The counts over a table of entities."""

    # construction

    def __cinit__(self, Entities entities):
        self._entities = entities

    # hot path

    cdef uint32_t domain_number(self, Span name) noexcept nogil:
        """Return the number of a domain, 0 if it is not told apart."""
        cdef uint32_t number
        cdef uint8_t* at
        if name.length > MOST_BYTES:
            return 0
        for number in range(1, self._domains + 1):
            at = self._names + number * MOST_BYTES
            if same(span(at, self._lengths[number]), name):
                return number
        if self._domains == MOST_DOMAINS:
            return 0
        self._domains += 1
        memcpy(self._names + self._domains * MOST_BYTES, name.at, name.length)
        self._lengths[self._domains] = <uint8_t> name.length
        return self._domains

    # export

    def domains(self):
        """Return the names of the domains by number; the first is "", all others."""
        cdef uint32_t number
        return [
            PyBytes_FromStringAndSize(
                <const char*> self._names + number * MOST_BYTES, self._lengths[number]
            ).decode("utf-8", "replace")
            for number in range(self._domains + 1)
        ]

    def by_domain(self):
        """Return the events of each domain, by number."""
        cdef uint32_t number
        return [self._events[number] for number in range(self._domains + 1)]

    def ids(self, size_t first=1):
        """Return the ids of the entities from a number on, by number.

        Those that are known by the registry only are among them.
        """
        cdef size_t number
        first = first or 1
        return [self._id(number) for number in range(first, self._entities.count + 1)]

    def top(self, size_t most):
        """Return so many entities with the most events, with their events.

        Equals are in the order in which they came.
        """
        cdef list found = []
        cdef Entity* entity
        cdef size_t least = 0
        cdef size_t number
        if not most:
            return []
        for number in range(1, self._entities.count + 1):
            entity = self._entities.at(<uint32_t> number)
            if entity.events <= least:
                continue
            item = (entity.events, -<long long> number)
            if len(found) < <Py_ssize_t> most:
                heappush(found, item)
            else:
                heapreplace(found, item)
            if len(found) == <Py_ssize_t> most:
                least = found[0][0]
        found.sort(reverse=True)
        return [(self._id(-negative), events) for events, negative in found]

    def _id(self, size_t number):
        """Return the id of an entity that is there."""
        cdef Entity* entity = self._entities.at(<uint32_t> number)
        id = PyBytes_FromStringAndSize(<const char*> entity.id, entity.id_length)
        return id.decode("utf-8", "replace")
