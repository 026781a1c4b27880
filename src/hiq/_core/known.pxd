cimport cython
from libc.stdint cimport uint8_t, uint32_t

from hiq._core.buffer cimport Buffer
from hiq._core.attribute cimport Attribute
from hiq._core.span cimport Span, Value
from hiq._core.texts cimport Texts

cdef enum:
    MAX_ROWS = 32     # rows are bits of a mask
    MAX_WORDS = 16
    MAX_SIBLINGS = 4

cdef enum Shape:
    NUMBERS = 0
    STRINGS = 1
    MOMENT = 2
    ENUMS = 3

cdef struct KnownRow:
    int shape
    Span enum_name
    Span[MAX_WORDS] words
    uint8_t[MAX_WORDS] plain
    uint32_t word_count
    Span[MAX_SIBLINGS] siblings
    uint32_t sibling_count

@cython.final
cdef class Known:
    # construction
    cdef KnownRow[MAX_ROWS] _rows
    cdef Texts _texts
    cdef uint32_t asking      # rows that look at other attributes

    # hot path
    cdef bint put(
        self,
        Buffer* out,
        int row,
        const uint8_t* base,
        const Value* value,
        const Attribute* items,
        size_t count,
        Buffer* scratch,
    ) noexcept nogil
    cdef bint is_enum(self, int row) noexcept nogil
    cdef bint _put_tuple(
        self, Buffer* out, const uint8_t* base, const Value* value, bint texts,
        Buffer* scratch,
    ) noexcept nogil
    cdef bint _put_enums(
        self,
        Buffer* out,
        const KnownRow* row,
        const uint8_t* base,
        const Value* value,
        const Attribute* items,
        size_t count,
    ) noexcept nogil
