from libc.stdint cimport uint8_t, uint32_t

from hiq._core.attribute cimport Attribute
from hiq._core.buffer cimport Buffer
from hiq._core.cards cimport Cards
from hiq._core.names cimport Names
from hiq._core.row cimport Made, Seen
from hiq._core.series cimport Series
from hiq._core.span cimport Span, Value
from hiq._core.status cimport Status
from hiq._core.table cimport Table
from hiq._core.wanted cimport Wanted

cdef class Tidy:
    # construction
    cdef Cards _cards
    cdef Series _series
    cdef Names _states
    cdef Wanted _wanted
    cdef uint32_t _tags         # bits of the tags that are on
    cdef bint _follows
    cdef bint _writes_unavailable
    cdef bint _numeric_state_text
    cdef size_t _most
    cdef Attribute* _items
    cdef size_t _capacity
    cdef Table _table
    cdef Buffer _name
    cdef Buffer _text
    cdef Buffer _scratch
    cdef readonly unsigned long long cut_texts

    # hot path
    cdef bint prepare(self, const Seen* seen, Made* made) noexcept nogil
    cdef bint _head(self, const Seen* seen, Made* made) noexcept nogil
    cdef bint _put_card(
        self, const Seen* seen, const char* name, size_t length, int bit, int key
    ) noexcept nogil
    cdef bint _fields(self, const Seen* seen, Made* made) noexcept nogil
    cdef bint _add_unit(self, const uint8_t* base, const Value* unit) noexcept nogil
    cdef bint _add(
        self, const uint8_t* base, const Attribute* item, int segment
    ) noexcept nogil
    cdef Status write(self, const Seen* seen, const Made* made, Buffer* out) noexcept nogil
