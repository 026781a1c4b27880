"""The new state inside an event: the state's text and its attributes.

What the entity had before is recognised byte by byte and not read again; it has been
checked when it was accepted. Nothing is trusted beyond equality.
"""

from libc.stdint cimport uint8_t, uint32_t

from hiq._core.attribute cimport Attribute
from hiq._core.buffer cimport grow_array
from hiq._core.event cimport Event, Tape, at_map, note, note_end
from hiq._core.keys cimport ATTRIBUTES, CONTEXT, OTHER, STATE, Name, name_of
from hiq._core.memo cimport Memo, memo_has_attributes, memo_has_key, memo_has_part
from hiq._core.scan cimport (
    Cursor, enter, fail, guess, guess_key, inside, next_key, scan_string, scan_value,
    skip_space,
)
from hiq._core.span cimport MISSING, SAME_KEY, SAME_PAIR, Value
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
                note_end(&event.new_state, cursor)
                return more == 0
            name = name_of(cursor.base, &key)
        step += 1
        if name == ATTRIBUTES:
            event.count = 0
            event.is_unread = False
            memo = usable(event)
            if memo != NULL and memo_has_attributes(memo, cursor.at, cursor.end):
                note(&event.attributes, cursor.base, cursor.at)
                cursor.at += memo.attributes_length
                note_end(&event.attributes, cursor)
                event.is_unread = True
            elif at_map(cursor):
                if not read_attributes(cursor, tape, event, memo):
                    return False
            elif not scan_value(cursor, &event.attributes):
                return False
        elif name == CONTEXT:
            if not read_context(cursor, &other):
                return False
        elif not scan_value(cursor, &event.state if name == STATE else &other):
            return False


cdef bint read_attributes(
    Cursor* cursor, Tape* tape, Event* event, const Memo* memo
) noexcept nogil:
    """Read the value of `attributes`, a map, into the tape.

    `memo`: what is remembered of the entity, NULL if nothing.
    """
    cdef Attribute* item
    cdef size_t recalled = 0
    cdef int more
    note(&event.attributes, cursor.base, cursor.at)
    event.first = tape.item_count
    event.is_recalled = False
    if not enter(cursor):
        return False
    if memo != NULL:
        recalled = recall_attributes(cursor, tape, memo)
        if cursor.status != Status.OK:
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
    if memo != NULL and recalled == memo.part_count and recalled == event.count:
        event.is_recalled = True
        event.version = memo.version
    return True


cdef inline Attribute* next_attribute(Tape* tape) noexcept nogil:
    if not grow_array(
        <void**> &tape.items, &tape.item_capacity, tape.item_count + 1, sizeof(Attribute)
    ):
        return NULL
    return &tape.items[tape.item_count]


cdef size_t recall_attributes(
    Cursor* cursor, Tape* tape, const Memo* memo
) noexcept nogil:
    """Read as many attributes as have the remembered keys; returns their number.

    The cursor ends behind a value, or where it was.
    """
    cdef Attribute* item
    cdef size_t i
    cdef size_t length
    cdef uint32_t shift
    cdef const uint8_t* before = cursor.at
    for i in range(memo.part_count):
        item = next_attribute(tape)
        if item == NULL:
            fail(cursor, Status.NO_MEMORY)
            return i
        item.key = memo.parts[i].key
        shift = <uint32_t> (cursor.at - cursor.base) + 1 - item.key.start
        length = memo_has_part(memo, i, cursor.at, cursor.end)
        if length:
            item.key.kind = SAME_PAIR
            item.value = memo.parts[i].value
            item.value.start += shift
            cursor.at += length
        elif memo_has_key(memo, i, cursor.at, cursor.end):
            item.key.kind = SAME_KEY
            cursor.at += item.key.length + 3
            skip_space(cursor)
            if not scan_value(cursor, &item.value):
                if cursor.status == Status.OK:
                    cursor.status = Status.BAD_JSON
                return i
        else:
            cursor.at = before
            return i
        item.key.start += shift
        tape.item_count += 1
        before = cursor.at
        if cursor.at == cursor.end or cursor.at[0] != c",":
            return i + 1
        cursor.at += 1
    cursor.at = before
    return memo.part_count


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
    """Read attributes that have been recognised only; False without memory."""
    cdef Cursor cursor
    inside(&cursor, base, &event.attributes)
    event.is_unread = False
    return read_attributes(&cursor, tape, event, NULL)
