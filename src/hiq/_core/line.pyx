"""One event to one line: the judgement of an event, and the order of the steps.

Validation, entity filter, time stamp, then measurement, tags and fields. What the
entity's id alone decides is decided once and kept. It knows neither frames nor
where lines go.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memchr, memset

from hiq._core.buffer cimport Buffer, buffer_free, grow_array, put, put_byte, put_span
from hiq._core.event cimport Attribute, Event
from hiq._core.fields cimport Fields
from hiq._core.filter cimport Filter
from hiq._core.moment cimport MOMENT_BAD, MOMENT_FAR, Moment, floor_to, moment_ns
from hiq._core.names cimport Names
from hiq._core.overlay cimport Entry, Overlay
from hiq._core.series cimport FROM_CLASS, FROM_UNIT, Series
from hiq._core.span cimport (
    MAP, MISSING, NULL_VALUE, STRING, Span, Value, hash_of, span,
)
from hiq._core.status cimport Status
from hiq._core.table cimport table_arrange, table_clear, table_write
from hiq._core.tags cimport Entities, Entity, domain_of, id_of
from hiq._core.text cimport text_of
from hiq._core.unique cimport keep_last
from hiq._core.vocabulary cimport CLASS, TAG, UNIT, Vocabulary, Word

from hiq._core.known_rows import ROWS


cdef inline bint is_word(Span text, const char* word, size_t length) noexcept nogil:
    cdef size_t i
    if text.length != length:
        return False
    for i in range(length):
        if text.at[i] != <uint8_t> word[i]:
            return False
    return True


cdef void put_integer(Buffer* out, int64_t value) noexcept nogil:
    """Append a decimal."""
    cdef uint8_t[24] digits
    cdef int at = 24
    cdef uint64_t rest = <uint64_t> value if value >= 0 else -<uint64_t> value
    while True:
        at -= 1
        digits[at] = <uint8_t> (c"0" + rest % 10)
        rest //= 10
        if rest == 0:
            break
    if value < 0:
        at -= 1
        digits[at] = c"-"
    put(out, &digits[at], 24 - at)


cdef class Encoder:
    """Built from the options and the plan of their component tables."""

    # construction

    def __cinit__(self, options, plan):
        cdef size_t number
        cdef int bit
        rows = ROWS if options.restore_python_text else ()
        domains = list(dict.fromkeys(row.domain for row in rows))
        self._filter = Filter(options.included, options.excluded)
        self._overlay = Overlay(
            plan.domains, plan.globs, plan.entities, plan.entries, plan.overrides
        )
        self._vocabulary = Vocabulary(options.tags_attributes, plan.ignored, rows)
        self._series = Series(options)
        self.fields = Fields(rows)
        self._entities = Entities()
        self._row_domains = Names({name: i for i, name in enumerate(domains)})
        self._rows = <uint32_t*> calloc(len(domains) + 1, sizeof(uint32_t))
        if self._rows == NULL:
            raise MemoryError
        for bit, row in enumerate(rows):
            number = domains.index(row.domain)
            self._rows[number] |= <uint32_t> 1 << bit
        self._time_unit_ns = options.time_unit_ns
        self._skip_null = options.skip_null_attributes

    def __dealloc__(self):
        free(self._rows)
        free(self._undo)
        buffer_free(&self._id)
        buffer_free(&self._state)
        buffer_free(&self._source)

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
            entity = self._entities.find(undo.id, undo.hash)
            if entity != NULL:
                entity.seen_ns = undo.seen_ns
                entity.has_seen = undo.has_seen

    cdef Status encode(
        self, const uint8_t* base, const Event* event, Attribute* items, bint snapshot,
        Buffer* out,
    ) noexcept nogil:
        """Append the line of a state event, or say why there is none.

        `items` are its attributes; repeated ones are merged in place.
        """
        cdef Entity* entity
        cdef Undo* undo
        cdef Span id
        cdef Span state
        cdef const uint8_t* dot
        cdef int64_t stamp = 0
        cdef Moment moment
        if event.data.kind != MAP:
            return Status.BAD_DATA
        if event.entity_id.kind != STRING:
            return Status.BAD_ENTITY_ID
        self._id.length = 0
        id = text_of(base, &event.entity_id, &self._id)
        dot = <const uint8_t*> memchr(id.at, c".", id.length) if id.length else NULL
        if dot == NULL or dot == id.at or dot + 1 == id.at + id.length:
            return Status.BAD_ENTITY_ID
        entity = self.entity_of(id, dot - id.at)
        if entity == NULL:
            return Status.NO_MEMORY
        if not entity.accepted:
            return Status.FILTERED
        if event.new_state.kind == NULL_VALUE:
            return Status.SKIPPED
        if event.new_state.kind != MAP:
            return Status.NO_NEW_STATE
        if event.state.kind != STRING or event.attributes.kind != MAP:
            return Status.BAD_DATA
        if event.time_fired.kind != STRING:
            return Status.BAD_TIME
        self._state.length = 0
        moment = moment_ns(text_of(base, &event.time_fired, &self._state), &stamp)
        if moment == MOMENT_BAD:
            return Status.BAD_TIME
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
        self._state.length = 0
        state = text_of(base, &event.state, &self._state)
        if (
            state.length == 0
            or is_word(state, b"unknown", 7)
            or is_word(state, b"unavailable", 11)
        ):
            return Status.SKIPPED
        self.time_ns = floor_to(stamp, self._time_unit_ns)
        return self._line(base, event, items, state, entity, out)

    cdef Entity* entity_of(self, Span id, size_t domain_length) noexcept nogil:
        """Return the entity of an id, decided now if it is new; NULL without memory."""
        cdef uint64_t hash = hash_of(id)
        cdef Entity* entity = self._entities.find(id, hash)
        cdef Entry entry
        cdef int32_t row
        if entity != NULL:
            return entity
        if self._entities.count < self._entities.limit:
            entity = self._entities.add(id, hash)
            if entity == NULL:
                return NULL
        else:
            entity = self._entities.stranger(id, hash)
            if entity == NULL:
                return NULL
        entity.domain_length = <uint32_t> domain_length
        entity.accepted = self._filter.accepts(id, domain_of(entity))
        entry = self._overlay.resolve(id, domain_of(entity))
        entity.override = entry.override
        entity.ignored = entry.ignored
        row = self._row_domains.find(domain_of(entity), hash_of(domain_of(entity)))
        if row >= 0:
            entity.rows = self._rows[row]
        return entity

    cdef Status _line(
        self, const uint8_t* base, const Event* event, Attribute* items, Span state,
        Entity* entity, Buffer* out,
    ) noexcept nogil:
        """Append the line of an event that has passed all checks."""
        cdef size_t count = event.count
        cdef size_t i
        cdef const Word* word
        cdef Attribute* item
        cdef Value source
        cdef Span head
        cdef Span override = self._overlay.override(entity.override)
        cdef Span source_text
        cdef bint ignored = False
        cdef int wanted = 0
        source.kind = MISSING
        source.flags = 0
        self._source.length = 0
        if override.length == 0 and not self._series.is_overridden():
            if self._series.source == FROM_UNIT:
                wanted = UNIT
            elif self._series.source == FROM_CLASS:
                wanted = CLASS
        table_clear(&self.fields.table)
        self.fields.scratch.length = 0
        self.fields.scratch.failed = False
        if not keep_last(base, items, &count, &self.fields.scratch):
            return Status.NO_MEMORY
        if self._series.tags_vary and not self._series.begin(entity):
            return Status.NO_MEMORY
        if not self.fields.add_state(state, event.state.flags):
            return Status.NO_MEMORY
        for i in range(count):
            item = &items[i]
            word = self._vocabulary.find(
                text_of(base, &item.key, &self._source), item.hash, entity.ignored, &ignored
            )
            self._source.length = 0
            if word.flags & wanted and item.value.kind != NULL_VALUE and not (
                wanted == UNIT and item.value.kind == STRING and item.value.length == 0
            ):
                source = item.value
            if self._skip_null and item.value.kind == NULL_VALUE:
                continue
            if word.flags & TAG:
                if not self._tag(base, item, word, entity, items, count):
                    return Status.NO_MEMORY
                continue
            if ignored or (word.flags & wanted and source.kind != MISSING):
                continue
            if not self.fields.add_attribute(base, item, word, entity, items, count):
                return Status.NO_MEMORY
        if not table_arrange(&self.fields.table, True):
            return Status.NO_MEMORY
        if self.fields.table.place_count == 0:
            return Status.SKIPPED
        if source.kind != MISSING and not self.fields.text_of_value(
            &self._source, base, &source
        ):
            return Status.NO_MEMORY
        source_text = span(self._source.data, self._source.length)
        head = self._series.head(
            entity, override, base, &source, source_text, &self.series
        )
        if head.length == 0:
            return Status.NO_MEMORY
        put_span(out, head)
        put_byte(out, c" ")
        table_write(&self.fields.table, out, False)
        put_byte(out, c" ")
        put_integer(out, self.time_ns)
        put_byte(out, c"\n")
        return Status.NO_MEMORY if out.failed else Status.OK

    cdef bint _tag(
        self, const uint8_t* base, const Attribute* item, const Word* word,
        const Entity* entity, const Attribute* items, size_t count,
    ) noexcept nogil:
        """Set the tag of an attribute; null is never sent."""
        cdef Buffer* text = &self.fields.text
        cdef bint good = True
        text.length = 0
        if item.value.kind != NULL_VALUE:
            if self.fields.restore(base, &item.value, word, entity, items, count):
                text = &self.fields.restored
            else:
                good = self.fields.text_of_value(text, base, &item.value)
        good = good and self._series.put_tag(
            text_of(base, &item.key, &self._source), span(text.data, text.length)
        )
        self._source.length = 0
        return good

    # registry

    cdef bint set_platform(self, Span id, bint is_mqtt) noexcept nogil:
        """Tell an entity's platform; False if it cannot be remembered."""
        cdef const uint8_t* dot
        cdef Entity* entity
        dot = <const uint8_t*> memchr(id.at, c".", id.length) if id.length else NULL
        if dot == NULL or dot == id.at or dot + 1 == id.at + id.length:
            return False
        entity = self.entity_of(id, dot - id.at)
        if entity == NULL:
            return False
        entity.is_mqtt = is_mqtt
        return True
