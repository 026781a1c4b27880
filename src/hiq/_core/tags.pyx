"""The entities seen so far: what their id decides, and their last series.

Grows by doubling at a load of one half, up to a limit in number; entities beyond
it are encoded without being remembered. It decides nothing itself.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from hiq._core.buffer cimport buffer_free, grow_array, put_span
from hiq._core.memo cimport memo_free
from hiq._core.span cimport Span, same


cdef inline uint64_t slot_of(uint64_t hash, size_t number) noexcept nogil:
    return hash >> 32 << 32 | <uint32_t> number


cdef class Entities:
    """A hash table from entity id to Entity; pointers last until the next `add`."""

    # construction

    def __cinit__(self, size_t limit):
        self.limit = limit
        self._slot_count = 256
        self._slots = <uint64_t*> calloc(self._slot_count, sizeof(uint64_t))
        if self._slots == NULL:
            raise MemoryError

    def __dealloc__(self):
        cdef size_t i
        for i in range(self.count):
            free(self._items[i].id)
            buffer_free(&self._items[i].cached)
            buffer_free(&self._items[i].device_class)
            buffer_free(&self._items[i].other_class)
            buffer_free(&self._items[i].facts)
            memo_free(&self._items[i].memo)
        free(self._items)
        free(self._slots)
        buffer_free(&self._stranger.cached)
        buffer_free(&self._stranger.device_class)
        buffer_free(&self._stranger.other_class)
        buffer_free(&self._stranger.facts)
        buffer_free(&self._stranger_id)

    # hot path

    cdef uint32_t number_of(self, Span id, uint64_t hash) noexcept nogil:
        """Return the number of an id, 0 if it is not there."""
        cdef size_t at = hash & (self._slot_count - 1)
        cdef uint32_t number
        while self._slots[at]:
            number = <uint32_t> self._slots[at]
            if (self._slots[at] ^ hash) >> 32 == 0 and same(
                id_of(&self._items[number - 1]), id
            ):
                return number
            at = (at + 1) & (self._slot_count - 1)
        return 0

    cdef Entity* find(self, Span id, uint64_t hash) noexcept nogil:
        """Return the entity of an id, NULL if it is not there."""
        cdef uint32_t number = self.number_of(id, hash)
        return self.at(number) if number else NULL

    cdef Entity* at(self, uint32_t number) noexcept nogil:
        """Return the entity of a number from 1 on."""
        return &self._items[number - 1]

    cdef uint32_t number(self, const Entity* entity) noexcept nogil:
        """Return the number of an entity, 0 of one that is not in the table."""
        return <uint32_t> (entity - self._items) + 1 if entity.remembered else 0

    cdef Entity* add(self, Span id, uint64_t hash) noexcept nogil:
        """Add an id that is not there; NULL if the table is full or memory is out.

        The caller fills in the rest. The id has a dot.
        """
        cdef size_t at
        cdef Entity* entity
        cdef uint8_t* copy
        if self.count >= self.limit or not self._grow():
            return NULL
        copy = <uint8_t*> malloc(id.length)
        if copy == NULL:
            return NULL
        memcpy(copy, id.at, id.length)
        at = hash & (self._slot_count - 1)
        while self._slots[at]:
            at = (at + 1) & (self._slot_count - 1)
        entity = &self._items[self.count]
        memset(entity, 0, sizeof(Entity))
        entity.hash = hash
        entity.id = copy
        entity.id_length = <uint32_t> id.length
        entity.remembered = True
        self.count += 1
        self._slots[at] = slot_of(hash, self.count)
        return entity

    cdef bint _grow(self) noexcept nogil:
        """Make room for one more; False without memory."""
        cdef uint64_t* slots
        cdef size_t wanted
        cdef size_t at
        cdef size_t i
        if not grow_array(
            <void**> &self._items, &self._capacity, self.count + 1, sizeof(Entity)
        ):
            return False
        if 2 * (self.count + 1) <= self._slot_count:
            return True
        wanted = self._slot_count * 2
        slots = <uint64_t*> calloc(wanted, sizeof(uint64_t))
        if slots == NULL:
            return False
        for i in range(self.count):
            at = self._items[i].hash & (wanted - 1)
            while slots[at]:
                at = (at + 1) & (wanted - 1)
            slots[at] = slot_of(self._items[i].hash, i + 1)
        free(self._slots)
        self._slots = slots
        self._slot_count = wanted
        return True

    cdef Entity* stranger(self, Span id, uint64_t hash) noexcept nogil:
        """Return an entity that is forgotten again; NULL without memory."""
        buffer_free(&self._stranger.cached)
        buffer_free(&self._stranger.device_class)
        buffer_free(&self._stranger.other_class)
        buffer_free(&self._stranger.facts)
        memset(&self._stranger, 0, sizeof(Entity))
        self._stranger_id.length = 0
        put_span(&self._stranger_id, id)
        if self._stranger_id.failed:
            self._stranger_id.failed = False
            return NULL
        self._stranger.hash = hash
        self._stranger.id = self._stranger_id.data
        self._stranger.id_length = <uint32_t> id.length
        return &self._stranger
