from libc.stdint cimport uint8_t

from hiq._core.event cimport Event, Tape
from hiq._core.scan cimport Cursor
from hiq._core.span cimport Value

# hot path
cdef bint read_state(Cursor* cursor, Tape* tape, Event* event) noexcept nogil
cdef bint read_attributes(Cursor* cursor, Tape* tape, Event* event) noexcept nogil
cdef bint read_context(Cursor* cursor, Value* out) noexcept nogil

# what was left unread
cdef bint read_rest(Tape* tape, const uint8_t* base, Event* event) noexcept nogil
