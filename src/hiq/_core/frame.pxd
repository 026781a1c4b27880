from libc.stdint cimport uint8_t

from hiq._core.event cimport Tape
from hiq._core.scan cimport Cursor
from hiq._core.status cimport Status
from hiq._core.tags cimport Entities

# construction
cdef void tape_free(Tape* tape) noexcept nogil
cdef void tape_trim(Tape* tape) noexcept nogil

# hot path
cdef Status read_frame(
    Tape* tape, const uint8_t* base, size_t length, Entities entities
) noexcept nogil
cdef bint read_list(Cursor* cursor, Tape* tape, Entities entities) noexcept nogil
