from hiq._core.buffer cimport Buffer
from hiq._core.cards cimport Cards
from hiq._core.moment cimport Minute
from hiq._core.names cimport Names
from hiq._core.row cimport Made, Seen
from hiq._core.series cimport Series
from hiq._core.span cimport Span, Value
from hiq._core.status cimport Status

from libc.stdint cimport int64_t, uint8_t

cdef class HomeIQ:
    # construction
    cdef Cards _cards
    cdef Series _series
    cdef Names _domains
    cdef Names _classes
    cdef Buffer _text
    cdef Buffer _scratch
    cdef Minute _minute
    cdef readonly unsigned long long negative_durations
    cdef readonly unsigned long long long_durations

    # hot path
    cdef bint prepare(self, const Seen* seen, Made* made) noexcept nogil
    cdef Status write(self, const Seen* seen, const Made* made, Buffer* out) noexcept nogil
    cdef void _put(
        self, Buffer* out, const char* name, size_t length, const Seen* seen,
        const Value* value,
    ) noexcept nogil
    cdef void _put_card(
        self, Buffer* out, const char* name, size_t length, const Seen* seen, int key
    ) noexcept nogil
    cdef void _put_duration(self, const Seen* seen, Buffer* out) noexcept nogil
    cdef bint _moment(
        self, const uint8_t* base, const Value* value, int64_t* out
    ) noexcept nogil
