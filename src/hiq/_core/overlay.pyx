"""Settings of one entity: `component_config` by domain, by glob and by entity.

Overlaid key by key: the domain's entry, every matching glob in order, the exact
entry; what is set later replaces. Source: `homeassistant.helpers.entity_values`.
"""

from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc

from hiq._core.globs cimport Globs
from hiq._core.names cimport Names
from hiq._core.span cimport Span, hash_of
from hiq._core.texts cimport Texts


cdef inline Entry overlaid(Entry below, Entry above) noexcept nogil:
    if above.override != UNSET:
        below.override = above.override
    if above.ignored != UNSET:
        below.ignored = above.ignored
    return below


cdef class Overlay:
    """Built from the component tables of the options.

    `entries` are pairs of numbers (override, ignored), in the order of `domains`,
    `globs` and `entities`; `overrides` are the texts that the first number means.
    """

    # construction

    def __cinit__(self, domains, globs, entities, entries, overrides):
        cdef size_t i
        base = len(domains)
        self._domains = Names({name: k for k, name in enumerate(domains)})
        self._globs = Globs(globs)
        base += len(globs)
        self._entities = Names({name: base + k for k, name in enumerate(entities)})
        self._overrides = Texts(overrides)
        self._entries = <Entry*> malloc((len(entries) + 1) * sizeof(Entry))
        if self._entries == NULL:
            raise MemoryError
        for i, (override, ignored) in enumerate(entries):
            self._entries[i].override = override
            self._entries[i].ignored = ignored

    def __dealloc__(self):
        free(self._entries)

    # hot path

    cdef Entry resolve(self, Span entity_id, Span domain) noexcept nogil:
        """Return the numbers that apply to an entity."""
        cdef Entry found
        cdef int32_t number
        cdef size_t i
        found.override = 0
        found.ignored = 0
        if self._domains.count:
            number = self._domains.find(domain, hash_of(domain))
            if number >= 0:
                found = overlaid(found, self._entries[number])
        for i in range(self._globs.count):
            if self._globs.matches(i, entity_id):
                found = overlaid(found, self._entries[self._domains.count + i])
        if self._entities.count:
            number = self._entities.find(entity_id, hash_of(entity_id))
            if number >= 0:
                found = overlaid(found, self._entries[number])
        return found

    cdef Span override(self, int32_t number) noexcept nogil:
        """Return the measurement of an override; number 0 is the empty text."""
        return self._overrides.at(number)
