"""What is remembered of the entities' last states, within a limit of bytes.

A state is kept as it came, with what was made of it, so that the next event of its
entity is compared and not read. What was not used lately goes first. It never
decides what a line is: without memory every line is made from scratch.
"""

from libc.stdint cimport uint8_t, uint32_t

from hiq._core.attribute cimport Attribute
from hiq._core.buffer cimport grow_array
from hiq._core.event cimport Event, Tape, is_partial
from hiq._core.memo cimport (
    MAX_PARTS, MAX_RAW, Memo, Part, memo_forget, memo_keep, memo_move_parts,
    memo_note_parts, memo_pass, memo_plan, memo_renew, memo_size,
)
from hiq._core.span cimport MAP, STRING, Span, span
from hiq._core.state cimport read_rest
from hiq._core.table cimport Table, table_free
from hiq._core.tags cimport Entities, Entity, id_of

cdef enum:
    STEPS = 64       # entities that one event may ask for their memory


cdef class Memory:
    """Built from the options, and whose memos it looks after.

    `off`: nothing is remembered.
    """

    # construction

    def __cinit__(self, options, Entities entities, bint off):
        self._entities = entities
        self._is_off = off
        self._limit = options.max_remembered_bytes

    def __dealloc__(self):
        table_free(&self._names)

    # hot path

    cdef void renew(
        self, Entity* entity, const uint8_t* base, const Event* event, Span fields
    ) noexcept nogil:
        """Remember the entity's next state, of the same parts, and its fields."""
        cdef Memo* memo = &entity.memo
        self.held -= memo.raw.capacity + memo.fields.capacity
        memo_renew(
            memo, base, &event.new_state, &event.state, &event.attributes, fields,
            event.depth, id_of(entity), event.is_usual,
        )
        self.held += memo.raw.capacity + memo.fields.capacity

    cdef bint keep(
        self, const uint8_t* base, Event* event, Tape* tape, Entity* entity
    ) noexcept nogil:
        """Remember a state that is not wanted, only to recognise the next; whether it was."""
        cdef Memo* memo = &entity.memo
        cdef bint known = memo.valid and event.version == memo.version
        if (
            event.new_state.kind != MAP
            or event.state.kind != STRING
            or event.attributes.kind != MAP
        ):
            return False
        if known and event.is_recalled:
            memo_move_parts(
                memo, tape.items + event.first, event.count, event.attributes.start
            )
        elif not known or not event.is_unread:
            memo.valid = False
            if is_partial(event) and not read_rest(tape, base, event):
                return False
            if not self.has_room(entity, event, event.count):
                return False
            memo.part_count = <uint32_t> event.count
            memo_note_parts(memo, tape.items + event.first, event.attributes.start)
        self.renew(entity, base, event, span(NULL, 0))
        return memo.valid

    cdef void skip(
        self, const uint8_t* base, const Event* event, Entity* entity
    ) noexcept nogil:
        """Remember a state that gives no point: the next event will name it again."""
        if entity.memo.valid:
            self.held -= memo_size(&entity.memo)
            memo_pass(&entity.memo, base, &event.new_state, event.depth)
            self.held += memo_size(&entity.memo)

    cdef bint has_room(
        self, Entity* entity, const Event* event, size_t count
    ) noexcept nogil:
        """Return whether there is room to remember the state, and its parts."""
        cdef Memo* memo = &entity.memo
        if (
            self._is_off
            or not entity.remembered
            or count != event.count
            or count > MAX_PARTS
            or event.new_state.length > MAX_RAW
            or self.held > self._limit + self._limit // 8
        ):
            return False
        self.held -= memo_size(memo)
        if not grow_array(
            <void**> &memo.parts, &memo.part_capacity, count + 1, sizeof(Part)
        ):
            self.held += memo_size(memo)
            return False
        self.held += memo_size(memo)
        return True

    cdef void remember(
        self, Entity* entity, const uint8_t* base, const Event* event,
        const Attribute* items, const Table* fields, Span text,
    ) noexcept nogil:
        """Remember a state, its fields, and their text just written."""
        cdef Memo* memo = &entity.memo
        self.held -= memo_size(memo)
        if memo_plan(memo, base, items, &self._names):
            memo_keep(memo, fields, &self._names)
            memo_note_parts(memo, items, event.attributes.start)
            memo_renew(
                memo, base, &event.new_state, &event.state, &event.attributes, text,
                event.depth, id_of(entity), event.is_usual,
            )
        self.held += memo_size(memo)

    cdef void _make_room(self, const Entity* entity) noexcept nogil:
        """Forget states that were not used lately, all but that of `entity`."""
        cdef Entity* other
        cdef int step
        for step in range(STEPS):
            if self.held <= self._limit:
                return
            self._hand = self._hand + 1 if self._hand < self._entities.count else 1
            other = self._entities.at(<uint32_t> self._hand)
            if other == entity:
                continue
            if other.memo.used:
                other.memo.used = False
            elif memo_size(&other.memo):
                self.held -= memo_size(&other.memo)
                memo_forget(&other.memo)
                self.forgotten += 1
