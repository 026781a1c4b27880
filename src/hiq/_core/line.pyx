"""The judgement of one event: validation, entity filter, time stamp, repeats.

What the entity's id alone decides is decided once and kept. It knows neither frames
nor how a line is written.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memchr

from hiq._core.buffer cimport Buffer, buffer_free, grow_array, put_span
from hiq._core.counts cimport Counts, count_event
from hiq._core.event cimport Event, Tape
from hiq._core.judge cimport UNDECIDED, Judge
from hiq._core.memory cimport make_room
from hiq._core.moment cimport MOMENT_BAD, MOMENT_FAR, Moment, floor_to, moment_ns
from hiq._core.names cimport Names
from hiq._core.overlay cimport Entry, Overlay
from hiq._core.schemas cimport Schemas
from hiq._core.span cimport MAP, MISSING, NULL_VALUE, STRING, Span, hash_of, same, span
from hiq._core.status cimport Status
from hiq._core.tags cimport Entities, Entity, domain_of, entity_at, id_of
from hiq._core.text cimport text_of
from hiq._core.writer cimport Writer

from hiq._core.known_rows import ROWS

cdef enum:
    LONGEST = 255    # characters of a state that Home Assistant itself allows


cdef inline size_t characters(Span text) noexcept nogil:
    """Return how many code points UTF-8 has."""
    cdef size_t i
    cdef size_t count = 0
    for i in range(text.length):
        count += (text.at[i] & 0xC0) != 0x80
    return count


cdef inline bint is_word(Span text, const char* word, size_t length) noexcept nogil:
    cdef size_t i
    if text.length != length:
        return False
    for i in range(length):
        if text.at[i] != <uint8_t> word[i]:
            return False
    return True


cdef class Encoder:
    """Built from the options and the plan of their component tables."""

    # construction

    def __cinit__(self, options, plan):
        cdef size_t number
        cdef int bit
        rows = ROWS if options.restore_python_text else ()
        domains = list(dict.fromkeys(row.domain for row in rows))
        self._overlay = Overlay(
            plan.domains, plan.globs, plan.entities, plan.entries, plan.overrides
        )
        self.entities = Entities(options.max_entities)
        self.counts = Counts(self.entities)
        self.writer = Writer(options, plan, self._overlay, rows, self.entities)
        self._memory = self.writer.memory
        self.has_others = options.schemas != ("ha",)
        self._is_ha_on = "ha" in options.schemas
        self._is_ha_first = options.schemas[0] == "ha"
        if self.has_others:
            self.schemas = Schemas(options, self.entities)
        self.use(Judge(options), False)
        self._row_domains = Names({name: i for i, name in enumerate(domains)})
        self._rows = <uint32_t*> calloc(len(domains) + 1, sizeof(uint32_t))
        if self._rows == NULL:
            raise MemoryError
        for bit, row in enumerate(rows):
            number = domains.index(row.domain)
            self._rows[number] |= <uint32_t> 1 << bit
        self._time_unit_ns = options.time_unit_ns

    def __dealloc__(self):
        free(self._rows)
        free(self._undo)
        buffer_free(&self._id)
        buffer_free(&self._state)

    def use(self, Judge judge, bint new_lists):
        """Let a filter decide, from the next event on.

        Nothing that is known of the entities is lost. `new_lists`: other attributes
        may be written than before, so lines are made from scratch.
        """
        self.judge = judge
        self.writer.allowance = judge.allowance
        self._decided = judge.counts
        self._decide_again(new_lists)

    # hot path

    cdef bint begin(self, size_t events) noexcept nogil:
        """Begin a frame of so many messages; False without memory."""
        self._undo_count = 0
        return grow_array(
            <void**> &self._undo, &self._undo_capacity, events, sizeof(Undo)
        )

    cdef void roll_back(self) noexcept nogil:
        """Take back what the frame has changed in the table of entities."""
        cdef Entity* entity
        cdef Undo* undo
        while self._undo_count:
            self._undo_count -= 1
            undo = &self._undo[self._undo_count]
            entity = self.entities.find(undo.id, undo.hash)
            if entity != NULL:
                entity.seen_ns = undo.seen_ns
                entity.has_seen = undo.has_seen
                entity.has_written = False

    cdef Status encode(
        self, const uint8_t* base, Event* event, Tape* tape, bint snapshot, Buffer* out
    ) noexcept nogil:
        """Append the line of a state event, or say why there is none."""
        cdef Entity* entity
        cdef Undo* undo
        cdef Span id
        cdef Span state
        cdef const uint8_t* dot
        cdef int64_t stamp = 0
        cdef Moment moment
        cdef Status status
        if event.data.kind != MAP:
            return Status.BAD_DATA
        if event.entity_id.kind != STRING:
            return Status.BAD_ENTITY_ID
        if event.entity:
            entity = entity_at(self.entities, event.entity)
        else:
            self._id.length = 0
            self._id.failed = False
            id = text_of(base, &event.entity_id, &self._id)
            if self._id.failed:
                return Status.NO_MEMORY
            dot = <const uint8_t*> memchr(id.at, c".", id.length) if id.length else NULL
            if dot == NULL or dot == id.at or dot + 1 == id.at + id.length:
                return Status.BAD_ENTITY_ID
            entity = self.entity_of(id, dot - id.at)
            if entity == NULL:
                return Status.NO_MEMORY
        if not snapshot:
            count_event(self.counts, entity)
        if entity.look and not self.judge.look(base, event, tape, entity):
            return Status.NO_MEMORY
        self._decided[entity.rule] += 1
        if not entity.accepted:
            if self._is_ha_on:
                if self._memory.keep(base, event, tape, entity) and entity.look:
                    self.judge.remember(entity)
                make_room(self._memory, entity)
            return Status.FILTERED
        if event.new_state.kind == NULL_VALUE:
            if not self.has_others:
                return Status.SKIPPED
        elif event.new_state.kind != MAP:
            return Status.NO_NEW_STATE
        elif event.state.kind != STRING or event.attributes.kind != MAP:
            return Status.BAD_DATA
        if self.level:
            status = self._flaw(base, event)
            if status != Status.OK:
                if self.level > 1 or status == Status.NO_MEMORY:
                    return status
                self.flaws[<int> status] += 1
        moment = MOMENT_BAD
        self._state.length = 0
        self._state.failed = False
        if event.time_fired.kind == STRING:
            moment = moment_ns(
                text_of(base, &event.time_fired, &self._state), &self._minute, &stamp
            )
            if self._state.failed:
                return Status.NO_MEMORY
        if moment == MOMENT_BAD:
            if self.level != 1 or self.now_ns == 0:
                return Status.BAD_TIME
            self.flaws[<int> Status.BAD_TIME] += 1
            stamp = self.now_ns
        if moment == MOMENT_FAR:
            return Status.NOT_ENCODABLE
        if snapshot and entity.has_seen and entity.seen_ns == stamp:
            return Status.DUPLICATE
        if entity.remembered:
            undo = &self._undo[self._undo_count]
            self._undo_count += 1
            undo.id = id_of(entity)
            undo.hash = entity.hash
            undo.seen_ns = entity.seen_ns
            undo.has_seen = entity.has_seen
            entity.seen_ns = stamp
            entity.has_seen = True
        self.time_ns = floor_to(stamp, self._time_unit_ns)
        if event.new_state.kind == NULL_VALUE:
            return self._write_others(
                base, event, entity, span(NULL, 0), stamp, Status.SKIPPED
            )
        self._state.length = 0
        state = text_of(base, &event.state, &self._state)
        if self._state.failed:
            return Status.NO_MEMORY
        if (
            state.length == 0
            or is_word(state, b"unknown", 7)
            or is_word(state, b"unavailable", 11)
        ):
            entity.has_written = False
            self._memory.skip(base, event, entity)
            if not self.has_others:
                return Status.SKIPPED
            return self._write_others(
                base, event, entity, state, stamp, Status.SKIPPED
            )
        if entity.limit and self.judge.thins(entity, state, stamp):
            self._memory.skip(base, event, entity)
            return Status.FILTERED
        status = Status.OK
        if self._is_ha_on:
            status = self.writer.write(
                base, event, tape, state, entity, self.time_ns, out
            )
        if self.has_others and status != Status.NO_MEMORY:
            status = self._write_others(base, event, entity, state, stamp, status)
        if status == Status.OK:
            if entity.limit:
                self.judge.written(entity, state, stamp)
            if entity.look:
                self.judge.remember(entity)
        make_room(self._memory, entity)
        return status

    cdef Status _flaw(self, const uint8_t* base, const Event* event) noexcept nogil:
        """Return what is wrong with an event in parts that its point does not need.

        One that was recognised whole has a context and an old state as they should be.
        """
        if not event.is_usual:
            if event.context.kind not in (MAP, MISSING):
                return Status.BAD_CONTEXT
            if event.old_state.kind not in (MAP, NULL_VALUE, MISSING):
                return Status.BAD_OLD_STATE
        if event.state.kind == STRING and event.state.length > LONGEST:
            self._state.length = 0
            self._state.failed = False
            if characters(text_of(base, &event.state, &self._state)) > LONGEST:
                return Status.STATE_TOO_LONG
            if self._state.failed:
                return Status.NO_MEMORY
        return Status.OK

    cdef Status _write_others(
        self, const uint8_t* base, const Event* event, Entity* entity, Span state,
        int64_t fired_ns, Status status,
    ) noexcept nogil:
        """Append the lines of the schemas beside `ha`, of which `status` is the outcome.

        Returns the outcome of the first schema.
        """
        cdef Status found = self.schemas.write(
            base, event, entity, state, fired_ns, self.time_ns
        )
        if found == Status.NO_MEMORY or not self._is_ha_first:
            return found
        return status

    cdef Entity* entity_of(self, Span id, size_t domain_length) noexcept nogil:
        """Return the entity of an id, decided now if it is new; NULL without memory."""
        cdef uint64_t hash = hash_of(id)
        cdef Entity* entity = self.entities.find(id, hash)
        cdef Entry entry
        cdef int32_t row
        if entity != NULL:
            return entity
        if self.entities.count < self.entities.limit:
            entity = self.entities.add(id, hash)
            if entity == NULL:
                return NULL
        else:
            entity = self.entities.stranger(id, hash)
            if entity == NULL:
                return NULL
        entity.domain_length = <uint32_t> domain_length
        entity.domain = self.counts.domain_number(domain_of(entity))
        entity.look = UNDECIDED
        entry = self._overlay.resolve(id, domain_of(entity))
        entity.override = entry.override
        entity.ignored = entry.ignored
        row = self._row_domains.find(domain_of(entity), hash_of(domain_of(entity)))
        if row >= 0:
            entity.rows = self._rows[row]
        return entity

    # registry

    cdef Entity* named(self, Span id) noexcept nogil:
        """Return the entity of an id; NULL if it is none, or without memory."""
        cdef const uint8_t* dot
        dot = <const uint8_t*> memchr(id.at, c".", id.length) if id.length else NULL
        if dot == NULL or dot == id.at or dot + 1 == id.at + id.length:
            return NULL
        return self.entity_of(id, dot - id.at)

    cdef bint set_platform(self, Span id, bint is_mqtt) noexcept nogil:
        """Tell an entity's platform; False if it cannot be remembered."""
        cdef Entity* entity = self.named(id)
        if entity == NULL:
            return False
        if entity.is_mqtt != is_mqtt:
            entity.is_mqtt = is_mqtt
            entity.memo.valid = False
        return True

    cdef bint set_facts(self, Span id, Span facts) noexcept nogil:
        """Tell what the filter may ask of an entity; False if it cannot be kept."""
        cdef Entity* entity = self.named(id)
        if entity == NULL:
            return False
        if same(span(entity.facts.data, entity.facts.length), facts):
            return True
        entity.look |= UNDECIDED
        entity.facts.length = 0
        entity.facts.failed = False
        put_span(&entity.facts, facts)
        return not entity.facts.failed

    # filter

    cdef void _decide_again(self, bint new_lists) noexcept nogil:
        """Let each entity be decided at its next event."""
        cdef size_t number
        cdef Entity* entity
        for number in range(1, self.entities.count + 1):
            entity = self.entities.at(<uint32_t> number)
            entity.look |= UNDECIDED
            entity.has_written = False
            if new_lists:
                entity.memo.valid = False
