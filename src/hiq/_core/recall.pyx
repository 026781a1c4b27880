"""Messages of which everything is known but a few values.

Nearly every event of a home is the last one of its entity with another state and
other time stamps: `old_state` is, byte for byte, the state that is remembered, and
the rest looks as it always does. Such a message is compared, not read. Whatever is
unusual in it is left to the strict scanner, which then begins from the start; nothing
is trusted beyond equality with what has been checked before.
"""

from libc.stdint cimport int32_t, uint8_t, uint32_t

from hiq._core.attribute cimport Attribute
from hiq._core.buffer cimport grow_array
from hiq._core.event cimport Event, Tape, note, note_end, note_text
from hiq._core.memo cimport (
    Memo, Part, memo_expect, memo_has_attributes, memo_old_state,
)
from hiq._core.outline cimport Outline, outline_find
from hiq._core.scan cimport Cursor, scan_string, scan_value
from hiq._core.span cimport (
    MISSING, NULL_VALUE, SAME_KEY, STRING, Span, Value, hash_of, span,
)
from hiq._core.status cimport Status
from hiq._core.tags cimport Entities, Entity, entity_at, guess
from hiq._core.vector cimport differ, prefetch, prefetch_to, same_bytes, special16

cdef enum:
    LEAD = 24        # bytes of a message before its event
    HEAD = 75        # bytes of a message before the entity's id
    LEVELS = 3       # of maps around a state
    AHEAD = 192      # bytes that the machine fetches by itself
    ENTITY = 256     # bytes of an entity that each event needs
    LINE = 128       # of the beginning of its lines
    SPARE = 8        # levels that the ends of state and event may have at the most


cdef const char* BEGINNING = (
    b'{"type":"event","event":{"event_type":"state_changed","data":{"entity_id":"'
)

# hot path


cdef inline size_t plain_length(const uint8_t* at, const uint8_t* end) noexcept nogil:
    """Return the bytes up to a quote, 0 if the text is not plain or very long."""
    cdef size_t length = 0
    cdef int step
    while end - at >= 16 and length < 256:
        step = special16(at)
        length += step
        if step < 16:
            return length if at[step] == c'"' else 0
        at += 16
    return 0


cdef bint recall_message(
    Cursor* cursor, Tape* tape, Event* event, Entities entities
) noexcept nogil:
    """Read a message that is recognised; False, and nothing is read, if it is not."""
    cdef const uint8_t* base = cursor.base
    cdef const uint8_t* begin = cursor.at
    cdef const uint8_t* end = cursor.end
    cdef const uint8_t* at = begin
    cdef const uint8_t* raw
    cdef const Entity* entity
    cdef const Memo* memo
    cdef const Outline* outline
    cdef int32_t depth = cursor.depth
    cdef size_t items = tape.item_count
    cdef uint32_t number
    cdef size_t length
    cdef Span id
    prefetch_to(at + AHEAD, end)
    if end - at < 256 or depth < LEVELS + SPARE or differ(
        at, <const uint8_t*> BEGINNING, HEAD
    ):
        return False
    at += HEAD
    length = plain_length(at, end)
    if length == 0:
        return False
    id = span(at, length)
    number = guess(entities, hash_of(id))
    if number == 0:
        return False
    entity = entity_at(entities, number)
    prefetch(entity, ENTITY)
    memo = &entity.memo
    raw = memo.raw.data
    memo_expect(memo)
    prefetch(entity.cached.data, LINE)
    if not memo.valid or memo.lead != length + 25 or depth - LEVELS < memo.depth:
        return False
    at += length
    # The state as it was, none if the entity is new.
    if end - at < 64 or differ(id.at, raw + 14, id.length) or differ(
        at, b'","old_state":', 14
    ):
        return False
    at += 14
    length = 4
    event.old_state.kind = NULL_VALUE
    if differ(at, b"null", 4):
        length = memo_old_state(memo, at, end, depth - LEVELS)
        if length == 0:
            return False
        note(&event.old_state, base, at)
        event.old_state.length = <uint32_t> length
    at += length
    if end - at < 64 or differ(at, b',"new_state":', 13):
        return False
    cursor.at = at + 13
    event.is_unread = event.is_recalled = False
    event.count = 0
    if recall_state(cursor, tape, event, memo):
        outline = outline_find(&tape.ends, cursor.at, end)
        if outline != NULL:
            note_text(
                &event.time_fired, base, cursor.at + outline.mark, outline.mark_length
            )
            cursor.at += outline.length
            cursor.depth = depth
            note_text(&event.entity_id, base, id.at, <uint32_t> id.length)
            note(&event.data, base, id.at - 14)
            note(&event.event, base, begin + LEAD)
            note_end(&event.event, cursor)
            event.event.length -= tape.closing[outline - tape.ends.items]
            note(&event.message, base, begin)
            note_end(&event.message, cursor)
            event.length = event.message.length
            event.entity = number
            event.memo = memo
            event.is_usual = True
            event.is_state = True
            return True
    cursor.at = begin
    cursor.depth = depth
    cursor.status = Status.OK
    tape.item_count = items
    return False


cdef bint recall_state(
    Cursor* cursor, Tape* tape, Event* event, const Memo* memo
) noexcept nogil:
    """Read a new state that is recognised but for its text and some attributes.

    False if it is not; then cursor and tape may be anywhere.
    """
    cdef const uint8_t* base = cursor.base
    cdef const uint8_t* at = cursor.at
    cdef const uint8_t* end = cursor.end
    cdef const Outline* outline
    if not differ(at, b"null", 4):
        # The place in the tape may hold what an earlier frame had there.
        event.state.kind = event.attributes.kind = MISSING
        event.state.flags = 0
        event.new_state.kind = NULL_VALUE
        event.new_state.start = <uint32_t> (at - base)
        event.new_state.length = 4
        cursor.at = at + 4
        return True
    if <size_t> (end - at) < memo.lead + 64 or differ(at, memo.raw.data, memo.lead):
        return False
    cursor.at = at + memo.lead
    cursor.depth -= LEVELS
    event.depth = cursor.depth
    cursor.depth -= 2  # in the state, and in its attributes
    if not scan_string(cursor, &event.state):
        return False
    if end - cursor.at < 16 or differ(cursor.at - 1, b'","attributes":', 15):
        return False
    cursor.at += 14
    note(&event.attributes, base, cursor.at)
    if memo_has_attributes(memo, cursor.at, end):
        cursor.at += memo.attributes_length
        event.is_unread = True
        event.version = memo.version
    elif not recall_attributes(cursor, tape, event, memo):
        return False
    note_end(&event.attributes, cursor)
    outline = outline_find(&tape.tails, cursor.at, end)
    if outline == NULL:
        return False
    cursor.at += outline.length
    note(&event.new_state, base, at)
    note_end(&event.new_state, cursor)
    return True


cdef bint recall_attributes(
    Cursor* cursor, Tape* tape, Event* event, const Memo* memo
) noexcept nogil:
    """Read attributes that have the remembered keys: those that changed, into the tape.

    False if they have not; then the cursor, the status and the tape may be anywhere.
    """
    cdef const uint8_t* at = cursor.at
    cdef const uint8_t* old = memo.raw.data + memo.attributes
    cdef const Part* part = memo.parts
    cdef const Part* end = part + memo.part_count
    cdef Attribute* item
    cdef size_t total = memo.attributes_length
    cdef size_t done = 0        # bytes of the old ones that have been dealt with
    cdef size_t same
    cdef size_t start
    event.first = tape.item_count
    event.is_recalled = True
    event.version = memo.version
    if not grow_array(
        <void**> &tape.items, &tape.item_capacity, event.first + memo.part_count + 1,
        sizeof(Attribute),
    ):
        return False
    item = tape.items + event.first
    while True:
        same = same_bytes(
            at, old + done, min(total - done, <size_t> (cursor.end - at))
        )
        at += same
        done += same
        if done == total:
            cursor.at = at
            event.count = item - (tape.items + event.first)
            tape.item_count += event.count
            return True
        while part < end and part.end < done:
            part += 1
        if part == end:
            return False
        start = part.value - (part.kind == STRING)
        if done < start:
            return False
        cursor.at = at - (done - start)
        if not scan_value(cursor, &item.value):
            return False
        item.key.kind = SAME_KEY
        item.key.start = <uint32_t> (part - memo.parts)
        item += 1
        at = cursor.at
        done = part.end
        part += 1
