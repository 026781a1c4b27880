"""What the registry says of each entity, as bytes that need no Python to be read.

Numbers are those of the table of entities. It knows no schema: it keeps the texts
that any of them may ask for, and counts how often they were changed.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from hiq._core.buffer cimport grow_array
from hiq._core.span cimport Span, span

KEYS = (
    "area_id", "area", "floor", "labels", "device_id", "device", "manufacturer", "model",
    "sw_version", "entity_category", "platform", "rid", "first_entity_id",
)


cdef class Cards:
    """A table from the number of an entity to its texts."""

    # construction

    def __cinit__(self):
        self._first = {}

    def __dealloc__(self):
        cdef size_t i
        for i in range(self._count):
            free(self._cards[i].data)
        free(self._cards)

    def set(self, uint32_t number, entity_id, tags):
        """Set the texts of an entity, None removes them.

        The first entity id of a registry id is remembered, unless it is told.
        """
        cdef bytes owned
        cdef Card* card
        cdef uint8_t* data
        cdef int i
        cdef size_t end = 0
        texts = [b""] * CARD_KEYS
        if tags is not None:
            for i, key in enumerate(KEYS):
                value = tags.get(key)
                if isinstance(value, str):
                    texts[i] = value.encode()
            rid = texts[RID]
            if rid and not texts[FIRST_ID]:
                texts[FIRST_ID] = self._first.setdefault(rid, entity_id.encode())
        owned = b"".join(texts)
        if not grow_array(
            <void**> &self._cards, &self._capacity, number, sizeof(Card)
        ):
            raise MemoryError
        if number > self._count:
            memset(
                self._cards + self._count, 0, (number - self._count) * sizeof(Card)
            )
            self._count = number
        card = &self._cards[number - 1]
        data = <uint8_t*> malloc(len(owned) + 1)
        if data == NULL:
            raise MemoryError
        memcpy(data, <char*> owned, len(owned))
        free(card.data)
        card.data = data
        card.version += 1
        for i in range(CARD_KEYS):
            end += len(texts[i])
            card.ends[i] = <uint32_t> end

    # hot path

    cdef uint32_t version(self, uint32_t number) noexcept nogil:
        """Return how often the texts of an entity were set."""
        return self._cards[number - 1].version if 0 < number <= self._count else 0

    cdef Span text(self, uint32_t number, int key) noexcept nogil:
        """Return a text of an entity, empty if it is not known."""
        cdef Card* card
        cdef uint32_t start
        if not 0 < number <= self._count:
            return span(NULL, 0)
        card = &self._cards[number - 1]
        if card.version == 0:
            return span(NULL, 0)
        start = card.ends[key - 1] if key else 0
        return span(card.data + start, card.ends[key] - start)
