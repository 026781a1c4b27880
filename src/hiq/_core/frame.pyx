"""A frame: one message, or an array of them, read whole.

Until all of it is known to be valid nothing is made of it.
"""

from libc.stdint cimport uint8_t
from libc.stdlib cimport free

from hiq._core.event cimport Tape, read_message
from hiq._core.scan cimport Cursor, enter, is_utf8, next_item, skip_space, start
from hiq._core.status cimport Status
from hiq._core.tags cimport Entities

cdef enum:
    MAX_FRAME = 1 << 28      # bytes of one message
    KEEP_ITEMS = 1 << 14     # memory kept between frames

# construction


cdef void tape_free(Tape* tape) noexcept nogil:
    """Give all memory back."""
    free(tape.events)
    free(tape.items)
    tape.events = NULL
    tape.items = NULL
    tape.event_count = tape.event_capacity = 0
    tape.item_count = tape.item_capacity = 0


cdef void tape_trim(Tape* tape) noexcept nogil:
    """Forget the frame; memory of an exceptionally large one is given back."""
    tape.event_count = 0
    tape.item_count = 0
    if tape.item_capacity > KEEP_ITEMS or tape.event_capacity > KEEP_ITEMS:
        tape_free(tape)


# hot path


cdef Status read_frame(
    Tape* tape, const uint8_t* base, size_t length, Entities entities
) noexcept nogil:
    """Read one frame: an object, or an array of objects. OK, or why it is refused."""
    cdef Cursor cursor
    cdef bint good
    if length > MAX_FRAME:
        return Status.TOO_LARGE
    start(&cursor, base, length)
    skip_space(&cursor)
    if cursor.at < cursor.end and cursor.at[0] == c"[":
        good = read_list(&cursor, tape, entities)
    else:
        good = read_message(&cursor, tape, entities)
    if good:
        skip_space(&cursor)
        if cursor.at == cursor.end:
            return Status.OK
    if cursor.status == Status.NO_MEMORY:
        return cursor.status
    if not is_utf8(base, length):
        return Status.BAD_UTF8
    return cursor.status if cursor.status == Status.TOO_DEEP else Status.BAD_JSON


cdef bint read_list(Cursor* cursor, Tape* tape, Entities entities) noexcept nogil:
    """Read an array of messages."""
    cdef bint first = True
    cdef int more
    if not enter(cursor):
        return False
    while True:
        more = next_item(cursor, first)
        if more <= 0:
            return more == 0
        first = False
        if not read_message(cursor, tape, entities):
            return False
