"""Which attributes schema `tidy` writes: globs for every domain, and by domain.

A name that one of them matches is written; without globs none is.
"""

from libc.stdint cimport int32_t, uint32_t
from libc.stdlib cimport calloc, free

from hiq._core.globs cimport Globs
from hiq._core.names cimport Names
from hiq._core.span cimport Span, hash_of

from hiq._core.schema_options import ALL_DOMAINS


cdef class Wanted:
    """Built from globs by domain, `ALL_DOMAINS` among them."""

    # construction

    def __cinit__(self, by_domain):
        cdef size_t i
        domains = [name for name in by_domain if name != ALL_DOMAINS]
        lists = [by_domain.get(ALL_DOMAINS, ())]
        lists += [by_domain[name] for name in domains]
        self._domains = Names({name: i for i, name in enumerate(domains, 1)})
        self._globs = Globs([glob for globs in lists for glob in globs])
        self.count = self._globs.count
        self._ends = <uint32_t*> calloc(len(lists), sizeof(uint32_t))
        if self._ends == NULL:
            raise MemoryError
        for i, globs in enumerate(lists):
            self._ends[i] = len(globs) + (self._ends[i - 1] if i else 0)

    def __dealloc__(self):
        free(self._ends)

    # hot path

    cdef int32_t number_of(self, Span domain) noexcept nogil:
        """Return the number of the globs of a domain, 0 if it has none of its own."""
        cdef int32_t found = self._domains.find(domain, hash_of(domain))
        return found if found > 0 else 0

    cdef bint accepts(self, int32_t number, Span name) noexcept nogil:
        """Return whether an attribute is asked for, by all or by a number."""
        cdef size_t i
        for i in range(self._ends[0]):
            if self._globs.matches(i, name):
                return True
        if number:
            for i in range(self._ends[number - 1], self._ends[number]):
                if self._globs.matches(i, name):
                    return True
        return False
