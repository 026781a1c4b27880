"""Home Assistant's envelope: which bytes of a message are what.

Reads a message strictly and notes where its parts lie. The order of keys is never
assumed, of repeated keys the last one counts. It judges nothing: a part of the wrong
kind is noted as such.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcmp

from hiq._core.buffer cimport grow_array
from hiq._core.keys cimport (
    CONTEXT, DATA, ENTITY_ID, EVENT, EVENT_TYPE, NEW_STATE, OLD_STATE, OTHER,
    TIME_FIRED, TYPE, Name, name_of,
)
from hiq._core.scan cimport Cursor, enter, fail, guess_key, next_key, scan_value
from hiq._core.memo cimport memo_old_state
from hiq._core.outline cimport Outline, outline_find, outline_learn
from hiq._core.recall cimport recall_message
from hiq._core.span cimport (
    ESCAPED, MISSING, STRING, Span, Value, hash_of, span, span_of,
)
from hiq._core.state cimport read_context, read_state
from hiq._core.status cimport Status
from hiq._core.tags cimport Entities
from hiq._core.text cimport is_text

cdef inline void clear_data(Event* event) noexcept nogil:
    event.entity_id.kind = MISSING
    event.old_state.kind = MISSING
    event.new_state.kind = MISSING
    event.state.kind = MISSING
    event.attributes.kind = MISSING
    event.count = 0
    event.is_unread = False
    event.is_usual = False
    event.is_recalled = False
    event.entity = 0
    event.memo = NULL


cdef inline void clear_event(Event* event) noexcept nogil:
    event.event_type.kind = MISSING
    event.time_fired.kind = MISSING
    event.context.kind = MISSING
    event.data.kind = MISSING
    clear_data(event)


cdef inline bint is_word(
    const uint8_t* base, const Value* value, const char* word, size_t length
) noexcept nogil:
    """Return whether a string is a word, however it is written."""
    if value.flags & ESCAPED:
        return is_text(base, value, span(<const uint8_t*> word, length))
    return value.length == length and memcmp(base + value.start, word, length) == 0


cdef bint read_message(
    Cursor* cursor, Tape* tape, Entities entities
) noexcept nogil:
    """Read one message of any kind; its parts go to the end of the tape."""
    cdef Event* event
    cdef Value key
    cdef Value other
    cdef Name name
    cdef const uint8_t* at
    cdef int step = 0
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
    event.start = <uint32_t> (cursor.at - cursor.base)
    if recall_message(cursor, tape, event, entities):
        return True
    clear_event(event)
    if not at_map(cursor):
        if not scan_value(cursor, &event.message):
            return False
        event.length = <uint32_t> (cursor.at - cursor.base) - event.start
        return True
    note(&event.message, cursor.base, cursor.at)
    tape.rest = NULL
    if not enter(cursor):
        return False
    while True:
        at = cursor.at
        if step == 0 and guess_key(cursor, b'"type":"event","event":', 23):
            note_text(&event.type, cursor.base, at + 8, 5)
            name = EVENT
            step = 1
        elif step == 0 and guess_key(cursor, b'"type":', 7):
            name = TYPE
        elif step == 1 and guess_key(cursor, b',"event":', 9):
            name = EVENT
        elif step == 2 and guess_key(cursor, b',"id":', 6):
            name = OTHER
        else:
            more = next_key(cursor, &key, step == 0)
            if more <= 0:
                break
            name = name_of(cursor.base, &key)
        step += 1
        if name != OTHER and event.event.kind != MISSING:
            tape.rest = NULL
        if name == EVENT:
            clear_event(event)
            if at_map(cursor):
                if not read_event(cursor, tape, event, entities):
                    return False
                note_end(&event.event, cursor)
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
        and is_word(cursor.base, &event.type, b"event", 5)
        and is_word(cursor.base, &event.event_type, b"state_changed", 13)
    )
    if event.is_state and tape.rest != NULL:
        learn_end(tape, event, cursor.base, cursor.at)
    return True


cdef void learn_end(
    Tape* tape, const Event* event, const uint8_t* base, const uint8_t* end
) noexcept nogil:
    """Remember what stands behind the new state, if it is the usual."""
    cdef const uint8_t* at = tape.rest
    cdef const uint8_t* time = base + event.time_fired.start
    cdef const Outline* known
    if event.time_fired.kind != STRING or event.time_fired.flags or time < at:
        return
    # What is recognised by it is not looked at again: its context is as it should be.
    if event.context.kind != MAP and event.context.kind != MISSING:
        return
    known = outline_find(&tape.ends, at, end)
    if known != NULL and known.length == <size_t> (end - at):
        return
    if outline_learn(&tape.ends, at, end - at, time - at, event.time_fired.length):
        tape.closing[tape.ends.last] = <uint32_t> (end - base) - (
            event.event.start + event.event.length
        )


cdef bint read_event(
    Cursor* cursor, Tape* tape, Event* event, Entities entities
) noexcept nogil:
    """Read the value of `event`, a map."""
    cdef Value key
    cdef Value other
    cdef Value* target
    cdef Name name
    cdef const uint8_t* at
    cdef int step = 0
    cdef int more
    note(&event.event, cursor.base, cursor.at)
    if not enter(cursor):
        return False
    while True:
        at = cursor.at
        if step == 0 and guess_key(
            cursor, b'"event_type":"state_changed","data":', 36
        ):
            note_text(&event.event_type, cursor.base, at + 14, 13)
            name = DATA
            step = 1
        elif step == 0 and guess_key(cursor, b'"event_type":', 13):
            name = EVENT_TYPE
        elif step == 1 and guess_key(cursor, b',"data":', 8):
            name = DATA
        elif step == 2 and guess_key(
            cursor, b',"origin":"LOCAL","time_fired":', 31
        ):
            name = TIME_FIRED
            step = 3
        elif step == 2 and guess_key(cursor, b',"origin":', 10):
            name = OTHER
        elif step == 3 and guess_key(cursor, b',"time_fired":', 14):
            name = TIME_FIRED
        elif step == 4 and guess_key(cursor, b',"context":', 11):
            name = CONTEXT
        else:
            more = next_key(cursor, &key, step == 0)
            if more <= 0:
                return more == 0
            name = name_of(cursor.base, &key)
        step += 1
        if name == DATA or name == EVENT_TYPE:
            tape.rest = NULL
        elif name == TIME_FIRED and event.time_fired.kind != MISSING:
            tape.rest = NULL
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
            if not read_context(cursor, &event.context):
                return False
            continue
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
    cdef size_t known
    cdef int step = 0
    cdef int more
    note(&event.data, cursor.base, cursor.at)
    if not enter(cursor):
        return False
    while True:
        if step == 0 and guess_key(cursor, b'"entity_id":', 12):
            name = ENTITY_ID
        elif step == 1 and guess_key(cursor, b',"old_state":', 13):
            name = OLD_STATE
        elif step == 2 and guess_key(cursor, b',"new_state":', 13):
            name = NEW_STATE
        else:
            more = next_key(cursor, &key, step == 0)
            if more <= 0:
                return more == 0
            name = name_of(cursor.base, &key)
        step += 1
        tape.rest = NULL
        if name == NEW_STATE:
            event.state.kind = MISSING
            event.attributes.kind = MISSING
            event.count = 0
            event.is_unread = False
            if at_map(cursor):
                if not read_state(cursor, tape, event):
                    return False
                tape.rest = cursor.at
                continue
            target = &event.new_state
        elif name == OLD_STATE:
            target = &event.old_state
            if event.memo != NULL:
                known = memo_old_state(
                    event.memo, cursor.at, cursor.end, cursor.depth
                )
                if known:
                    note(target, cursor.base, cursor.at)
                    cursor.at += known
                    note_end(target, cursor)
                    continue
        elif name == ENTITY_ID:
            target = &event.entity_id
        else:
            target = &other
        if not scan_value(cursor, target):
            return False
        if name == ENTITY_ID:
            event.entity = 0
            event.memo = NULL
            # What was recognised so far was another entity's.
            event.version = 0
            if target.kind == STRING and not target.flags & ESCAPED:
                id = span_of(cursor.base, target)
                event.entity = entities.number_of(id, hash_of(id))
                if event.entity:
                    event.memo = &entities.at(event.entity).memo
