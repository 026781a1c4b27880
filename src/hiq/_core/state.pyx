"""The new state inside an event: the state's text and its attributes.

What the entity had before is recognised byte by byte and not read again; it has been
checked when it was accepted. Nothing is trusted beyond equality.
"""

from libc.stdint cimport uint8_t, uint32_t

from hiq._core.attribute cimport Attribute
from hiq._core.buffer cimport grow_array
from hiq._core.event cimport Event, Tape, at_map, note, note_end
from hiq._core.keys cimport ATTRIBUTES, CONTEXT, OTHER, STATE, Name, name_of
from hiq._core.memo cimport Memo, memo_has_attributes
from hiq._core.outline cimport Outline, outline_find, outline_learn
from hiq._core.scan cimport (
    Cursor, enter, fail, guess, guess_key, inside, next_key, scan_string, scan_value,
    skip_space,
)
from hiq._core.span cimport Value
from hiq._core.status cimport Status

# hot path


cdef inline const Memo* usable(const Event* event) noexcept nogil:
    """Return what is remembered of the entity, NULL if it is not valid here."""
    if event.memo == NULL or not event.memo.valid or event.depth < event.memo.depth:
        return NULL
    return event.memo


cdef bint read_state(Cursor* cursor, Tape* tape, Event* event) noexcept nogil:
    """Read the value of `new_state`, a map."""
    cdef const Memo* memo
    cdef Value key
    cdef Value other
    cdef Name name
    cdef const uint8_t* rest = NULL
    cdef int step = 0
    cdef int more
    note(&event.new_state, cursor.base, cursor.at)
    event.depth = cursor.depth
    if not enter(cursor):
        return False
    while True:
        if step == 0 and guess_key(cursor, b'"entity_id":', 12):
            name = OTHER
        elif step == 1 and guess_key(cursor, b',"state":', 9):
            name = STATE
        elif step == 2 and guess_key(cursor, b',"attributes":', 14):
            name = ATTRIBUTES
        elif step == 3 and guess_key(cursor, b',"last_changed":', 16):
            name = OTHER
        elif step == 4 and guess_key(cursor, b',"last_updated":', 16):
            name = OTHER
        elif step == 5 and guess_key(cursor, b',"context":', 11):
            name = CONTEXT
        else:
            more = next_key(cursor, &key, step == 0)
            if more <= 0:
                break
            name = name_of(cursor.base, &key)
        step += 1
        if name == STATE:
            rest = NULL
        if name == ATTRIBUTES:
            event.count = 0
            event.is_unread = False
            memo = usable(event)
            if memo != NULL and memo_has_attributes(memo, cursor.at, cursor.end):
                note(&event.attributes, cursor.base, cursor.at)
                cursor.at += memo.attributes_length
                note_end(&event.attributes, cursor)
                event.is_unread = True
                event.version = memo.version
            elif at_map(cursor):
                if not read_attributes(cursor, tape, event):
                    return False
            elif not scan_value(cursor, &event.attributes):
                return False
            rest = cursor.at
        elif name == CONTEXT:
            if not read_context(cursor, &other):
                return False
        elif not scan_value(cursor, &event.state if name == STATE else &other):
            return False
    note_end(&event.new_state, cursor)
    if more == 0 and rest != NULL:
        learn_tail(tape, rest, cursor.at)
    return more == 0


cdef inline void learn_tail(
    Tape* tape, const uint8_t* at, const uint8_t* end
) noexcept nogil:
    """Remember what stands behind the attributes of a state."""
    cdef const Outline* known = outline_find(&tape.tails, at, end)
    if known == NULL or known.length != <size_t> (end - at):
        outline_learn(&tape.tails, at, end - at, 0, 0)


cdef bint read_attributes(Cursor* cursor, Tape* tape, Event* event) noexcept nogil:
    """Read the value of `attributes`, a map, into the tape."""
    cdef Attribute* item
    cdef int more
    note(&event.attributes, cursor.base, cursor.at)
    event.first = tape.item_count
    event.is_recalled = False
    if not enter(cursor):
        return False
    while True:
        item = next_attribute(tape)
        if item == NULL:
            return fail(cursor, Status.NO_MEMORY)
        more = next_key(cursor, &item.key, tape.item_count == event.first)
        if more <= 0:
            break
        if not scan_value(cursor, &item.value):
            return False
        tape.item_count += 1
    if more < 0:
        return False
    note_end(&event.attributes, cursor)
    event.count = tape.item_count - event.first
    return True


cdef inline Attribute* next_attribute(Tape* tape) noexcept nogil:
    if not grow_array(
        <void**> &tape.items, &tape.item_capacity, tape.item_count + 1, sizeof(Attribute)
    ):
        return NULL
    return &tape.items[tape.item_count]


cdef bint read_context(Cursor* cursor, Value* out) noexcept nogil:
    """Read a context, a value of any kind that nearly always looks the same."""
    cdef const uint8_t* start = cursor.at
    cdef Value part
    note(out, cursor.base, start)
    if (
        cursor.depth > 0
        and guess(cursor, b'{"id":"', 7)
        and scan_string(cursor, &part)
        and guess(cursor, b',"parent_id":', 13)
        and read_id(cursor, &part)
        and guess(cursor, b',"user_id":', 11)
        and read_id(cursor, &part)
        and guess(cursor, b"}", 1)
    ):
        note_end(out, cursor)
        return True
    cursor.at = start
    return scan_value(cursor, out)


cdef inline bint read_id(Cursor* cursor, Value* out) noexcept nogil:
    """Read null or a string; False if it is something else."""
    return guess(cursor, b"null", 4) or (
        guess(cursor, b'"', 1) and scan_string(cursor, out)
    )


# what was left unread


cdef bint read_rest(Tape* tape, const uint8_t* base, Event* event) noexcept nogil:
    """Read all of attributes that have been recognised; False without memory."""
    cdef Cursor cursor
    inside(&cursor, base, &event.attributes)
    event.is_unread = not read_attributes(&cursor, tape, event)
    return not event.is_unread
