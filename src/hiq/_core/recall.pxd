from hiq._core.event cimport Event, Tape
from hiq._core.memo cimport Memo
from hiq._core.scan cimport Cursor
from hiq._core.tags cimport Entities

# hot path
cdef bint recall_message(
    Cursor* cursor, Tape* tape, Event* event, Entities entities
) noexcept nogil
cdef bint recall_state(
    Cursor* cursor, Tape* tape, Event* event, const Memo* memo
) noexcept nogil
cdef bint recall_attributes(
    Cursor* cursor, Tape* tape, Event* event, const Memo* memo
) noexcept nogil
