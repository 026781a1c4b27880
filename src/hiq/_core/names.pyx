"""A fixed set of names, each with a number, looked up by hash.

Filled once by its constructor and never changed, so it can be read without a lock
and without Python.
"""

from libc.stdint cimport int32_t, uint64_t
from libc.stdlib cimport free, malloc

from hiq._core.span cimport Span, hash_of, span
from hiq._core.vector cimport differ


cdef class Names:
    """Built from a mapping of text to a number >= 0."""

    # construction

    def __cinit__(self, numbers):
        cdef size_t i
        cdef size_t capacity = 8
        cdef bytes owned
        cdef Span name
        cdef uint64_t hash
        self._owned = [text.encode() for text in numbers]
        self.count = len(self._owned)
        while capacity < 2 * self.count:
            capacity *= 2
        self._slots = <NameSlot*> malloc(capacity * sizeof(NameSlot))
        if self._slots == NULL:
            raise MemoryError
        self._capacity = capacity
        for i in range(capacity):
            self._slots[i].value = -1
        for owned, value in zip(self._owned, numbers.values(), strict=True):
            name = span(<const unsigned char*> <char*> owned, len(owned))
            hash = hash_of(name)
            i = hash & (capacity - 1)
            while self._slots[i].value >= 0:
                i = (i + 1) & (capacity - 1)
            self._slots[i].hash = hash
            self._slots[i].at = name.at
            self._slots[i].length = <unsigned int> name.length
            self._slots[i].value = value

    def __dealloc__(self):
        free(self._slots)

    def get(self, str name):
        """Return the number of a name, -1 if it is not there."""
        cdef bytes text = name.encode()
        cdef Span key = span(<const unsigned char*> <char*> text, len(text))
        return self.find(key, hash_of(key))

    # hot path

    cdef int32_t find(self, Span name, uint64_t hash) noexcept nogil:
        """Return the number of a name, -1 if it is not there."""
        cdef size_t i = hash & (self._capacity - 1)
        while self._slots[i].value >= 0:
            if (
                self._slots[i].hash == hash
                and self._slots[i].length == name.length
                and not differ(self._slots[i].at, name.at, name.length)
            ):
                return self._slots[i].value
            i = (i + 1) & (self._capacity - 1)
        return -1
