"""Home Assistant's envelope: which bytes of a message are what.

Reads a whole frame strictly and notes where the parts of each message lie. The
order of keys is never assumed, of repeated keys the last one counts. It judges
nothing: a part of the wrong kind is noted as such.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free
from libc.string cimport memset

from hiq._core.buffer cimport grow_array
from hiq._core.keys cimport (
    ATTRIBUTES, CONTEXT, DATA, ENTITY_ID, EVENT, EVENT_TYPE, NEW_STATE, OLD_STATE,
    STATE, TIME_FIRED, TYPE, Name, name_of,
)
from hiq._core.scan cimport (
    Cursor, enter, fail, inside, is_utf8, next_item, next_key, scan_value, skip_space,
    start,
)
from hiq._core.memo cimport memo_has_attributes, memo_has_state
from hiq._core.span cimport MAP, MISSING, STRING, Span, Value, hash_of, span, span_of
from hiq._core.status cimport Status
from hiq._core.tags cimport Entities
from hiq._core.text cimport is_text

cdef enum:
    MAX_FRAME = 1 << 28      # bytes of one message
    KEEP_ITEMS = 1 << 14     # memory kept between frames

# construction


cdef void tape_free(Tape* tape) noexcept nogil:
    """Give all memory back."""
    free(tape.events)
    free(tape.items)
    memset(tape, 0, sizeof(Tape))


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
    cdef Value other
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


cdef inline void clear_data(Event* event) noexcept nogil:
    event.entity_id.kind = MISSING
    event.old_state.kind = MISSING
    event.new_state.kind = MISSING
    event.state.kind = MISSING
    event.attributes.kind = MISSING
    event.count = 0
    event.is_unread = False
    event.entity = 0


cdef inline void clear_event(Event* event) noexcept nogil:
    event.event_type.kind = MISSING
    event.time_fired.kind = MISSING
    event.context.kind = MISSING
    event.data.kind = MISSING
    clear_data(event)


cdef inline bint at_map(Cursor* cursor) noexcept nogil:
    return cursor.at < cursor.end and cursor.at[0] == c"{"


cdef inline void note(Value* value, const uint8_t* base, const uint8_t* at) noexcept nogil:
    value.kind = MAP
    value.flags = 0
    value.start = <uint32_t> (at - base)


cdef inline void note_end(Value* value, Cursor* cursor) noexcept nogil:
    value.length = <uint32_t> (cursor.at - cursor.base) - value.start


cdef bint read_message(
    Cursor* cursor, Tape* tape, Entities entities
) noexcept nogil:
    """Read one message of any kind; its parts go to the end of the tape."""
    cdef Event* event
    cdef Value key
    cdef Value other
    cdef Name name
    cdef bint first = True
    cdef int more
    if not grow_array(
        <void**> &tape.events, &tape.event_capacity, tape.event_count + 1, sizeof(Event)
    ):
        return fail(cursor, Status.NO_MEMORY)
    event = &tape.events[tape.event_count]
    tape.event_count += 1
    event.is_state = False
    event.type.kind = MISSING
    event.event.kind = MISSING
    event.first = tape.item_count
    clear_event(event)
    event.start = <uint32_t> (cursor.at - cursor.base)
    if not at_map(cursor):
        if not scan_value(cursor, &event.message):
            return False
        event.length = <uint32_t> (cursor.at - cursor.base) - event.start
        return True
    note(&event.message, cursor.base, cursor.at)
    if not enter(cursor):
        return False
    while True:
        more = next_key(cursor, &key, first)
        if more <= 0:
            break
        first = False
        name = name_of(cursor.base, &key)
        if name == EVENT:
            clear_event(event)
            if at_map(cursor):
                if not read_event(cursor, tape, event, entities):
                    return False
            elif not scan_value(cursor, &event.event):
                return False
        elif not scan_value(cursor, &event.type if name == TYPE else &other):
            return False
    if more < 0:
        return False
    note_end(&event.message, cursor)
    event.length = event.message.length
    event.is_state = (
        event.event.kind == MAP
        and event.type.kind == STRING
        and event.event_type.kind == STRING
        and is_text(cursor.base, &event.type, span(<const uint8_t*> b"event", 5))
        and is_text(
            cursor.base, &event.event_type, span(<const uint8_t*> b"state_changed", 13)
        )
    )
    return True


cdef bint read_event(
    Cursor* cursor, Tape* tape, Event* event, Entities entities
) noexcept nogil:
    """Read the value of `event`, a map."""
    cdef Value key
    cdef Value other
    cdef Value* target
    cdef Name name
    cdef bint first = True
    cdef int more
    note(&event.event, cursor.base, cursor.at)
    if not enter(cursor):
        return False
    while True:
        more = next_key(cursor, &key, first)
        if more <= 0:
            return more == 0
        first = False
        name = name_of(cursor.base, &key)
        if name == DATA:
            clear_data(event)
            if at_map(cursor):
                if not read_data(cursor, tape, event, entities):
                    return False
                continue
            target = &event.data
        elif name == EVENT_TYPE:
            target = &event.event_type
        elif name == TIME_FIRED:
            target = &event.time_fired
        elif name == CONTEXT:
            target = &event.context
        else:
            target = &other
        if not scan_value(cursor, target):
            return False


cdef bint read_data(
    Cursor* cursor, Tape* tape, Event* event, Entities entities
) noexcept nogil:
    """Read the value of `data`, a map."""
    cdef Value key
    cdef Value other
    cdef Value* target
    cdef Name name
    cdef Span id
    cdef bint first = True
    cdef int more
    note(&event.data, cursor.base, cursor.at)
    if not enter(cursor):
        return False
    while True:
        more = next_key(cursor, &key, first)
        if more <= 0:
            return more == 0
        first = False
        name = name_of(cursor.base, &key)
        if name == NEW_STATE:
            event.state.kind = MISSING
            event.attributes.kind = MISSING
            event.count = 0
            event.is_unread = False
            if at_map(cursor):
                if not read_state(cursor, tape, event, entities):
                    return False
                continue
            target = &event.new_state
        elif name == OLD_STATE:
            target = &event.old_state
            if event.entity and memo_has_state(
                &entities.at(event.entity).memo, cursor.at, cursor.end, cursor.depth
            ):
                # Byte for byte the last new state, which has been checked.
                note(target, cursor.base, cursor.at)
                cursor.at += entities.at(event.entity).memo.raw.length
                continue
        elif name == ENTITY_ID:
            target = &event.entity_id
        else:
            target = &other
        if not scan_value(cursor, target):
            return False
        if name == ENTITY_ID and target.kind == STRING and target.flags == 0:
            id = span_of(cursor.base, target)
            event.entity = entities.number_of(id, hash_of(id))


cdef bint read_state(
    Cursor* cursor, Tape* tape, Event* event, Entities entities
) noexcept nogil:
    """Read the value of `new_state`, a map."""
    cdef Value key
    cdef Value other
    cdef Name name
    cdef bint first = True
    cdef int more
    note(&event.new_state, cursor.base, cursor.at)
    event.depth = cursor.depth
    if not enter(cursor):
        return False
    while True:
        more = next_key(cursor, &key, first)
        if more <= 0:
            note_end(&event.new_state, cursor)
            return more == 0
        first = False
        name = name_of(cursor.base, &key)
        if name == ATTRIBUTES:
            event.count = 0
            event.is_unread = False
            if event.entity and memo_has_attributes(
                &entities.at(event.entity).memo, cursor.at, cursor.end
            ) and event.depth >= entities.at(event.entity).memo.depth:
                note(&event.attributes, cursor.base, cursor.at)
                cursor.at += entities.at(event.entity).memo.attributes_length
                note_end(&event.attributes, cursor)
                event.is_unread = True
            elif at_map(cursor):
                if not read_attributes(cursor, tape, event):
                    return False
            elif not scan_value(cursor, &event.attributes):
                return False
        elif not scan_value(cursor, &event.state if name == STATE else &other):
            return False


cdef bint read_attributes(Cursor* cursor, Tape* tape, Event* event) noexcept nogil:
    """Read the value of `attributes`, a map, into the tape."""
    cdef Attribute* item
    cdef Value key
    cdef bint first = True
    cdef int more
    note(&event.attributes, cursor.base, cursor.at)
    event.first = tape.item_count
    if not enter(cursor):
        return False
    while True:
        more = next_key(cursor, &key, first)
        if more <= 0:
            break
        first = False
        if not grow_array(
            <void**> &tape.items,
            &tape.item_capacity,
            tape.item_count + 1,
            sizeof(Attribute),
        ):
            return fail(cursor, Status.NO_MEMORY)
        item = &tape.items[tape.item_count]
        item.key = key
        if not scan_value(cursor, &item.value):
            return False
        tape.item_count += 1
    if more < 0:
        return False
    note_end(&event.attributes, cursor)
    event.count = tape.item_count - event.first
    return True


# what was left unread


cdef bint read_rest(Tape* tape, const uint8_t* base, Event* event) noexcept nogil:
    """Read attributes that have been recognised only; False without memory."""
    cdef Cursor cursor
    inside(&cursor, base, &event.attributes)
    event.is_unread = False
    return read_attributes(&cursor, tape, event)
