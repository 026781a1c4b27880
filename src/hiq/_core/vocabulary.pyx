"""The attribute names that mean something, found with one look-up.

Says of a name whether it is a tag, ignored for an entity, the unit, the device
class or in the table of well-known attributes. All other names are plain fields.
"""

from libc.stdint cimport int32_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free

from hiq._core.names cimport Names
from hiq._core.span cimport Span

cdef Word NOTHING


cdef class Vocabulary:
    """Built from tag attributes, sets of ignored names and the well-known rows.

    Set 0 of `ignored` is the global one; it is not united with the others here.
    """

    # construction

    def __cinit__(self, tags, ignored, rows):
        cdef size_t i
        names = ["unit_of_measurement", "device_class", *tags]
        names += [name for group in ignored for name in group]
        names += [row.attribute for row in rows]
        numbers = {name: k for k, name in enumerate(dict.fromkeys(names))}
        self._names = Names(numbers)
        self._count = len(numbers)
        self._words = <Word*> calloc(self._count, sizeof(Word))
        self._ignored = <uint8_t*> calloc(self._count * len(ignored), 1)
        if self._words == NULL or self._ignored == NULL:
            raise MemoryError
        self._words[<size_t> numbers["unit_of_measurement"]].flags |= UNIT
        self._words[<size_t> numbers["device_class"]].flags |= CLASS
        for name in tags:
            self._words[<size_t> numbers[name]].flags |= TAG
        for i, group in enumerate(ignored):
            for name in group:
                self._ignored[i * self._count + <size_t> numbers[name]] = 1
        for i, row in enumerate(rows):
            self._words[<size_t> numbers[row.attribute]].rows |= <unsigned int> 1 << i

    def __dealloc__(self):
        free(self._words)
        free(self._ignored)

    # hot path

    cdef const Word* find(
        self, Span name, uint64_t hash, int32_t ignored_set, bint* ignored
    ) noexcept nogil:
        """Return what a name means, and whether it is in a set of ignored names."""
        cdef int32_t number = self._names.find(name, hash)
        if number < 0:
            ignored[0] = False
            return &NOTHING
        ignored[0] = self._ignored[ignored_set * self._count + number]
        return &self._words[number]
