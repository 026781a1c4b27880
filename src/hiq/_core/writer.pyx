"""One judged event to one line: measurement, tags, fields, time stamp.

First tries to make the line from what the entity's last one had, and only what has
changed anew; if it cannot, from scratch. Both give the same bytes. It judges
nothing and knows no frames.
"""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint32_t

from hiq._core.arrange cimport table_arrange
from hiq._core.attribute cimport Attribute
from hiq._core.buffer cimport LOOSE, Buffer, buffer_free, put_span, reserve
from hiq._core.event cimport Event, Tape, is_partial
from hiq._core.fields cimport Fields, Made
from hiq._core.memo cimport (
    FIELD, FRAGILE, SILENT, Changes, Memo, Part, memo_move_parts, memo_note_parts,
    memo_same_keys, memo_set, memo_write, same_state, same_value,
)
from hiq._core.memory cimport Memory
from hiq._core.numeral cimport FINITE
from hiq._core.overlay cimport Overlay
from hiq._core.series cimport FROM_CLASS, FROM_UNIT, Series
from hiq._core.span cimport MISSING, NULL_VALUE, STRING, Span, Value, span
from hiq._core.stamp cimport put_stamp
from hiq._core.state cimport read_rest
from hiq._core.status cimport Status
from hiq._core.table cimport table_clear, table_write
from hiq._core.tags cimport Entities, Entity
from hiq._core.text cimport text_of
from hiq._core.unique cimport keep_last
from hiq._core.vocabulary cimport CLASS, TAG, UNIT, Vocabulary, Word

cdef inline void patch(
    const Memo* memo, Changes* changes, const Made* made, int32_t number, int32_t text
) noexcept nogil:
    """Give the two fields of a value the texts just made."""
    memo_set(
        memo, changes, number, made.number_at,
        made.number_length if made.number == FINITE else 0,
    )
    memo_set(
        memo, changes, text, made.text_at, made.text_length if made.text_there else 0
    )


cdef class Writer:
    """Built from the options, the plan of their component tables and known rows."""

    # construction

    def __cinit__(self, options, plan, Overlay overlay, rows, Entities entities):
        self._overlay = overlay
        self._vocabulary = Vocabulary(options.tags_attributes, plan.ignored, rows)
        self._series = Series(options)
        self.fields = Fields(rows)
        self._skip_null = options.skip_null_attributes
        # Tags that vary stand in the line's head, which is not remembered by state.
        self.memory = Memory(options, entities, self._series.tags_vary)

    def __dealloc__(self):
        buffer_free(&self._source)

    # hot path

    cdef Status write(
        self, const uint8_t* base, Event* event, Tape* tape, Span state,
        Entity* entity, int64_t time_ns, Buffer* out,
    ) noexcept nogil:
        """Append the line of an event; SKIPPED if no field is left."""
        cdef Status status = Status.OK
        self.fields.begin()
        self._source.failed = False
        if not entity.memo.valid or entity.memo.is_bare or not self._again(
            base, event, tape, state, entity, out
        ):
            if is_partial(event) and not read_rest(tape, base, event):
                return Status.NO_MEMORY
            status = self._anew(
                base, event, tape.items + event.first, state, entity, out
            )
            if self.fields.is_refused:
                return Status.NOT_ENCODABLE
        if status == Status.OK:
            put_stamp(out, &self._stamp, time_ns)
            if out.failed:
                return Status.NO_MEMORY
        return status

    cdef bint _again(
        self, const uint8_t* base, Event* event, Tape* tape, Span state,
        Entity* entity, Buffer* out,
    ) noexcept nogil:
        """Append the line with what the last one of the entity had; False: it cannot.

        Equal attributes have equal fields, so only changed values are made anew.
        """
        cdef Memo* memo = &entity.memo
        cdef const uint8_t* old = memo.raw.data + memo.attributes
        cdef Buffer* arena = &self.fields.table.arena
        cdef const Attribute* items = NULL
        cdef Part* part
        cdef const Value* value
        cdef size_t before
        cdef size_t start
        cdef size_t count = 0
        cdef size_t i
        cdef bint recalled = False
        cdef bint equal = event.is_unread and event.version == memo.version
        memo.valid = False
        arena.length = 0
        self._changes.count = self._changes.bytes = 0
        self.fields.scratch.length = 0
        if not equal:
            recalled = event.is_recalled and event.version == memo.version and (
                not self._asks_others(memo, event, tape, entity)
            )
            if not recalled and is_partial(event) and not read_rest(tape, base, event):
                return False
            items = tape.items + event.first
            count = event.count
            if not recalled and not memo_same_keys(memo, base, items, count):
                return False
        if not same_state(memo, base, &event.state, event.is_usual):
            if not self.fields.make_state(state, event.state.flags):
                return False
            patch(memo, &self._changes, &self.fields.made, memo.value, memo.state)
        for i in range(count):
            part = &memo.parts[items[i].key.start if recalled else i]
            value = &items[i].value
            if part.mode == SILENT or (
                not recalled and same_value(base, value, old, part)
            ):
                continue
            if part.mode == FRAGILE:
                return False
            if self._skip_null and value.kind == NULL_VALUE:
                memo_set(memo, &self._changes, part.number, 0, 0)
                memo_set(memo, &self._changes, part.text, 0, 0)
                continue
            if not self.fields.make_attribute(
                base, value, part.word, entity, items, count
            ):
                return False
            patch(memo, &self._changes, &self.fields.made, part.number, part.text)
        # The unit is fragile, so the head is that of the last line.
        self.series = entity.series
        before = out.length
        start = before + entity.cached.length - entity.source_length
        if not reserve(arena, LOOSE):
            return False
        memo_write(
            memo, &self._changes, arena,
            span(entity.cached.data + entity.source_length, start - before), out,
        )
        if out.failed:
            return True
        if out.length == start:
            out.length = before
            return False
        if recalled:
            memo_move_parts(memo, items, count, event.attributes.start)
        elif not equal:
            memo_note_parts(memo, items, event.attributes.start)
        self.memory.renew(
            entity, base, event, span(out.data + start, out.length - start)
        )
        out.data[start] = c" "
        return True

    cdef bint _asks_others(
        self, const Memo* memo, const Event* event, const Tape* tape, const Entity* entity
    ) noexcept nogil:
        """Return whether the text of a changed value may depend on other attributes."""
        cdef size_t i
        cdef uint32_t rows = entity.rows & self.fields.known.asking
        if rows:
            for i in range(event.first, event.first + event.count):
                if memo.parts[tape.items[i].key.start].word.rows & rows:
                    return True
        return False

    cdef Status _anew(
        self, const uint8_t* base, const Event* event, Attribute* items, Span state,
        Entity* entity, Buffer* out,
    ) noexcept nogil:
        """Append the line of an event that has passed all checks, from scratch."""
        cdef Memo* memo = &entity.memo
        cdef size_t count = event.count
        cdef size_t start
        cdef size_t i
        cdef const Word* word
        cdef Attribute* item
        cdef Value source
        cdef Span head
        cdef Span name
        cdef Span override = self._overlay.override(entity.override)
        cdef bint ignored = False
        cdef int wanted = 0
        cdef Part* part = NULL
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
        memo.valid = False
        if not keep_last(base, items, &count, &self.fields.scratch):
            return Status.NO_MEMORY
        if self._series.tags_vary and not self._series.begin(entity):
            return Status.NO_MEMORY
        if not self.fields.make_state(
            state, event.state.flags
        ) or not self.fields.add_state():
            return Status.NO_MEMORY
        if self.memory.has_room(entity, event, count):
            part = memo.parts
            memo.part_count = <uint32_t> count
            memo.value = self.fields.made.number_item
            memo.state = self.fields.made.text_item
        for i in range(count):
            item = &items[i]
            name = text_of(base, &item.key, &self._source)
            word = self._vocabulary.find(name, item.hash, entity.ignored, &ignored)
            if self.allowance.count and not ignored:
                ignored = not self.allowance.accepts(entity.allowance, name)
            self._source.length = 0
            if part != NULL:
                part[i].word = word
                part[i].number = part[i].text = -1
                part[i].mode = FRAGILE
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
            if word.flags & wanted and source.kind != MISSING:
                continue
            if ignored:
                if part != NULL and not word.flags & wanted:
                    part[i].mode = SILENT
                continue
            if not self.fields.make_attribute(
                base, &item.value, word, entity, items, count
            ) or not self.fields.add_attribute(base, &item.key):
                return Status.NO_MEMORY
            if part != NULL:
                part[i].number = <int16_t> self.fields.made.number_item
                part[i].text = <int16_t> self.fields.made.text_item
                if not word.flags & wanted:
                    part[i].mode = FIELD
        if not table_arrange(&self.fields.table, True):
            return Status.NO_MEMORY
        if self.fields.table.place_count == 0:
            return Status.SKIPPED
        if source.kind != MISSING and not self.fields.text_of_value(
            &self._source, base, &source
        ):
            return Status.NO_MEMORY
        if self._source.failed or self.fields.has_failed():
            return Status.NO_MEMORY
        head = self._series.head(
            entity,
            override,
            base,
            &source,
            span(self._source.data, self._source.length),
            &self.series,
        )
        if head.length == 0:
            return Status.NO_MEMORY
        put_span(out, head)
        start = out.length
        table_write(&self.fields.table, out, True)
        if out.failed:
            return Status.NO_MEMORY
        if part != NULL:
            self.memory.remember(
                entity, base, event, items, &self.fields.table,
                span(out.data + start, out.length - start),
            )
        out.data[start] = c" "
        return Status.OK

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
        return good and not self._source.failed and not self.fields.has_failed()
