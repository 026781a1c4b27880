"""The schemas beside `ha`: what they share of an entity, and the lines of each.

Attributes that are the same bytes as last time are not looked at again: all schemas
have kept what they made of them. It judges nothing: an event comes here when it has
been accepted.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.stdlib cimport free
from libc.string cimport memset

from hiq._core.buffer cimport Buffer, buffer_free, grow_array, put_span
from hiq._core.cards cimport Cards
from hiq._core.event cimport Event
from hiq._core.homeiq cimport HomeIQ
from hiq._core.parts cimport read_marks, read_parts
from hiq._core.ring cimport Ring
from hiq._core.row cimport Made, Row, Seen
from hiq._core.span cimport MAP, Span, hash_of, same, span, span_of
from hiq._core.stamp cimport put_stamp
from hiq._core.status cimport Status
from hiq._core.tags cimport Entities, Entity
from hiq._core.tidy cimport Tidy

cdef enum:
    MAX_RAW = 1 << 15        # bytes of attributes that are remembered
    KEEP_PASSING = 1 << 20   # bytes kept for the next event that cannot be


cdef void row_free(Row* row) noexcept nogil:
    """Give all memory of a row back."""
    buffer_free(&row.raw)
    buffer_free(&row.homeiq.head)
    buffer_free(&row.homeiq.fields)
    buffer_free(&row.tidy.head)
    buffer_free(&row.tidy.fields)
    row.known = False


cdef size_t row_size(const Row* row) noexcept nogil:
    """Return the bytes that it holds."""
    return (
        row.raw.capacity
        + row.homeiq.head.capacity + row.homeiq.fields.capacity
        + row.tidy.head.capacity + row.tidy.fields.capacity
    )


cdef class Schemas:
    """Built from the options, of which at least one schema is not `ha`."""

    # construction

    def __cinit__(self, options, Entities entities):
        self.cards = Cards()
        self._entities = entities
        self._memory_limit = options.max_remembered_bytes
        self._has_homeiq = "homeiq" in options.schemas
        self._has_tidy = "tidy" in options.schemas
        self.homeiq = HomeIQ(options, self.cards)
        self.tidy = Tidy(options, self.cards)
        self.homeiq_ring = Ring()
        self.tidy_ring = Ring()
        others = [name for name in options.schemas if name != "ha"]
        self._is_homeiq_first = others[0] == "homeiq"

    def __dealloc__(self):
        cdef size_t i
        for i in range(self._count):
            row_free(&self._rows[i])
        free(self._rows)
        row_free(&self._stranger)

    # hot path

    cdef Status write(
        self, const uint8_t* base, const Event* event, const Entity* entity, Span state,
        int64_t fired_ns, int64_t time_ns,
    ) noexcept nogil:
        """Append the lines of an accepted event.

        Returns what the first of these schemas says: OK, or SKIPPED without a line.
        """
        cdef Seen* seen = &self._seen
        cdef Row* row
        cdef size_t start
        cdef Status homeiq = Status.SKIPPED
        cdef Status tidy = Status.SKIPPED
        seen.base = base
        seen.entity = entity
        seen.number = self._entities.number(entity)
        seen.removed = event.new_state.kind != MAP
        seen.state = state
        seen.flags = event.state.flags
        seen.fired_ns = fired_ns
        read_parts(base, event, &seen.parts)
        seen.attributes = (
            seen.parts.old_attributes if seen.removed else seen.parts.attributes
        )
        row = self._row(seen.number)
        if row == NULL:
            return Status.NO_MEMORY
        if (
            not row.known
            or row.version != self.cards.version(seen.number)
            or not same(
                span(row.raw.data, row.raw.length), span_of(base, &seen.attributes)
            )
        ):
            row = self._place(row)
            if not self._prepare(row):
                row.known = False
                return Status.NO_MEMORY
        if self._has_homeiq:
            start = self.homeiq_ring.lines.length
            homeiq = self.homeiq.write(seen, &row.homeiq, &self.homeiq_ring.lines)
            if homeiq == Status.OK:
                homeiq = self._finish(self.homeiq_ring, &row.homeiq, start, time_ns)
        if self._has_tidy and homeiq != Status.NO_MEMORY:
            start = self.tidy_ring.lines.length
            tidy = self.tidy.write(seen, &row.tidy, &self.tidy_ring.lines)
            if tidy == Status.OK:
                tidy = self._finish(self.tidy_ring, &row.tidy, start, time_ns)
        if homeiq == Status.NO_MEMORY or tidy == Status.NO_MEMORY:
            return Status.NO_MEMORY
        return homeiq if self._is_homeiq_first else tidy

    cdef Row* _row(self, uint32_t number) noexcept nogil:
        """Return the row of an entity, a passing one beyond the table; NULL: no memory."""
        if number == 0:
            self._stranger.known = False
            return &self._stranger
        if number > self._count:
            if not grow_array(
                <void**> &self._rows, &self._capacity, number, sizeof(Row)
            ):
                return NULL
            memset(self._rows + self._count, 0, (number - self._count) * sizeof(Row))
            self._count = number
        return &self._rows[number - 1]

    cdef Row* _place(self, Row* row) noexcept nogil:
        """Return where to make what lines have: the passing row if none can be kept."""
        cdef Row* passing = &self._stranger
        if row != passing and self._seen.attributes.length <= MAX_RAW and (
            self.remembered_bytes - row_size(row) <= self._memory_limit
        ):
            return row
        self.remembered_bytes -= row_size(row)
        row_free(row)
        self.remembered_bytes -= row_size(passing)
        if row_size(passing) > KEEP_PASSING:
            row_free(passing)
        self.remembered_bytes += row_size(passing)
        return passing

    cdef bint _prepare(self, Row* row) noexcept nogil:
        """Make of the attributes what all lines of them have; False without memory."""
        cdef Seen* seen = &self._seen
        cdef Span raw = span_of(seen.base, &seen.attributes)
        self.remembered_bytes -= row_size(row)
        row.raw.failed = row.homeiq.head.failed = row.homeiq.fields.failed = False
        row.tidy.head.failed = row.tidy.fields.failed = False
        read_marks(seen.base, &seen.attributes, &seen.marks)
        if self._has_homeiq and not self.homeiq.prepare(seen, &row.homeiq):
            self.remembered_bytes += row_size(row)
            return False
        if self._has_tidy and not self.tidy.prepare(seen, &row.tidy):
            self.remembered_bytes += row_size(row)
            return False
        row.raw.length = 0
        row.version = self.cards.version(seen.number)
        row.known = row != &self._stranger
        if row.known:
            put_span(&row.raw, raw)
            row.known = not row.raw.failed
        self.remembered_bytes += row_size(row)
        return True

    cdef Status _finish(
        self, Ring ring, Made* made, size_t start, int64_t time_ns
    ) noexcept nogil:
        """Append the time stamp and make a record of the line."""
        put_stamp(&ring.lines, &self._stamp, time_ns)
        if ring.lines.failed or not ring.add(start, made.series, time_ns):
            return Status.NO_MEMORY
        return Status.OK

    cdef void commit(self) noexcept nogil:
        """Let the lines of a frame become visible."""
        self.homeiq_ring.commit()
        self.tidy_ring.commit()

    cdef void roll_back(self) noexcept nogil:
        """Take back the lines of a frame."""
        self.homeiq_ring.roll_back()
        self.tidy_ring.roll_back()

    cdef size_t buffered_bytes(self) noexcept nogil:
        """Return the bytes of the lines that are not taken yet."""
        return self.homeiq_ring.lines.length + self.tidy_ring.lines.length

    # export

    def ring_of(self, name):
        """Return the lines of one of these schemas."""
        return self.homeiq_ring if name == "homeiq" else self.tidy_ring

    def tell(self, entity_id, tags):
        """Set the registry's texts of an entity, None removes them."""
        cdef bytes owned = entity_id.encode()
        cdef Span id = span(<const uint8_t*> <char*> owned, len(owned))
        cdef uint32_t number = self._entities.number_of(id, hash_of(id))
        if number:
            self.cards.set(number, entity_id, tags)

    def counts(self):
        """What was met: odd durations, texts that were cut."""
        return {
            "negative_durations": self.homeiq.negative_durations,
            "long_durations": self.homeiq.long_durations,
            "cut_texts": self.tidy.cut_texts,
        }
