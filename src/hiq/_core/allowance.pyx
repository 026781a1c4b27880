"""Which attributes are written: lists of globs for all entities and by domain.

A name must pass both. It is asked when a state is written from scratch, so not for
most events; it does not know what else an attribute may be.
"""

from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.stdlib cimport free, malloc

from hiq._core.globs cimport Globs
from hiq._core.names cimport Names
from hiq._core.span cimport Span, hash_of, span


cdef class Allowance:
    """Built from the filter of the options."""

    # construction

    def __cinit__(self, rules):
        cdef size_t i
        lists = [rules.attributes, *rules.of_domain.values()]
        globs = []
        self._domains = Names({name: k + 1 for k, name in enumerate(rules.of_domain)})
        self._sets = <Ranges*> malloc(len(lists) * sizeof(Ranges))
        if self._sets == NULL:
            raise MemoryError
        for i, both in enumerate(lists):
            self._sets[i].allow = len(globs)
            globs += both.allow
            self._sets[i].deny = len(globs)
            globs += both.deny
            self._sets[i].end = len(globs)
        self._globs = Globs(globs)
        self.count = len(globs)

    def __dealloc__(self):
        free(self._sets)

    def keeps(self, str domain, str name):
        """Return whether an attribute of an entity of this domain is written."""
        cdef bytes of = domain.encode()
        cdef bytes text = name.encode()
        return self.accepts(
            self.set_of(span(<const uint8_t*> <char*> of, len(of))),
            span(<const uint8_t*> <char*> text, len(text)),
        )

    # hot path

    cdef int32_t set_of(self, Span domain) noexcept nogil:
        """Return the number of the lists of a domain, 0 if it has none."""
        cdef int32_t found
        if not self._domains.count:
            return 0
        found = self._domains.find(domain, hash_of(domain))
        return found if found > 0 else 0

    cdef bint _passes(self, const Ranges* ranges, Span name) noexcept nogil:
        """Return whether one pair of lists lets a name through."""
        cdef uint32_t i
        for i in range(ranges.deny, ranges.end):
            if self._globs.matches(i, name):
                return False
        if ranges.allow == ranges.deny:
            return True
        for i in range(ranges.allow, ranges.deny):
            if self._globs.matches(i, name):
                return True
        return False

    cdef bint accepts(self, int32_t number, Span name) noexcept nogil:
        """Return whether a name passes the lists of all, and those of a number."""
        return self._passes(&self._sets[0], name) and (
            number == 0 or self._passes(&self._sets[number], name)
        )
