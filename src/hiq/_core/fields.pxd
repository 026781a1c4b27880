cimport cython
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from hiq._core.buffer cimport Buffer
from hiq._core.attribute cimport Attribute
from hiq._core.known cimport Known
from hiq._core.names cimport Names
from hiq._core.numeral cimport Numeric
from hiq._core.span cimport Span, Value
from hiq._core.table cimport Item, Table
from hiq._core.tags cimport Entity
from hiq._core.vocabulary cimport Word

# What a value becomes: texts in the arena of the table.
cdef struct Made:
    size_t number_at
    size_t number_length
    size_t text_at       # with its quotes
    size_t text_length
    Numeric number       # only a finite one has a text
    bint text_there
    bint taken           # the name was taken, so it has got an underscore
    int32_t number_item  # of the table, -1 if it is not there
    int32_t text_item

@cython.final
cdef class Fields:
    # construction
    cdef Table table
    cdef Buffer text           # text of the value at hand
    cdef Buffer restored       # the same as Home Assistant's process shows it
    cdef Buffer key            # its name, if that has escapes
    cdef Buffer scratch
    cdef Made made
    cdef Names _states
    cdef Known known
    cdef readonly unsigned long long slow
    cdef bint is_refused       # Python could not give the text of a value

    # hot path
    cdef void begin(self) noexcept nogil
    cdef bint has_failed(self) noexcept nogil
    cdef bint make_state(self, Span text, uint8_t flags) noexcept nogil
    cdef bint add_state(self) noexcept nogil
    cdef bint make_attribute(
        self,
        const uint8_t* base,
        const Value* value,
        const Word* word,
        const Entity* entity,
        const Attribute* items,
        size_t count,
    ) noexcept nogil
    cdef bint add_attribute(self, const uint8_t* base, const Value* key) noexcept nogil
    cdef bint text_of_value(self, Buffer* out, const uint8_t* base, const Value* value) noexcept nogil
    cdef bint restore(
        self,
        const uint8_t* base,
        const Value* value,
        const Word* word,
        const Entity* entity,
        const Attribute* items,
        size_t count,
    ) noexcept nogil
    cdef int32_t _set(
        self, Span name, Span suffix, size_t start, size_t length
    ) noexcept nogil
    cdef bint _make_text(self, Span text, bint plain) noexcept nogil
    cdef bint _delete(self, Span name, Span suffix) noexcept nogil
