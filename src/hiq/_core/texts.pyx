"""Texts of the options as bytes that live as long as this object.

Lets the compiled parts borrow them as spans, without Python.
"""

from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc

from hiq._core.span cimport Span, span


cdef class Texts:
    """Built from a sequence of strings."""

    # construction

    def __cinit__(self, texts):
        cdef bytes owned
        cdef size_t i
        self._owned = [text.encode() for text in texts]
        self.count = len(self._owned)
        self._spans = <Span*> malloc((self.count + 1) * sizeof(Span))
        if self._spans == NULL:
            raise MemoryError
        for i, owned in enumerate(self._owned):
            self._spans[i] = span(<const uint8_t*> <char*> owned, len(owned))

    def __dealloc__(self):
        free(self._spans)

    # hot path

    cdef Span at(self, size_t number) noexcept nogil:
        """Return the bytes of one text."""
        return self._spans[number]
