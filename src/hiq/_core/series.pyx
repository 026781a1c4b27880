"""Measurement and tags of a point: the head of its line, which names its series.

Where tags do not depend on attributes, the head is kept with the entity and made
again only when the unit or device class differs from last time.
"""

from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcmp

from hiq._core.arrange cimport table_arrange
from hiq._core.buffer cimport LOOSE, Buffer, buffer_free, put, put_byte, put_span, reserve
from hiq._core.span cimport MISSING, Span, Value, hash_of, same, span, span_of
from hiq._core.table cimport (
    Item, Table, set_text, table_clear, table_free, table_put, table_write,
)
from hiq._core.tags cimport Entity, domain_of, id_of, object_of
from hiq._core.text cimport is_simple, put_clean_name, put_escaped
from hiq._core.texts cimport Texts

# Numbers of the measurements that the options set.
cdef enum:
    OVERRIDE = 0
    DEFAULT = 1


cdef class Series:
    """Built from the options that shape measurement and tags."""

    # construction

    def __cinit__(self, options):
        self.source = {
            "unit_of_measurement": FROM_UNIT,
            "domain__device_class": FROM_CLASS,
            "entity_id": FROM_ENTITY,
        }[options.measurement_attr]
        self.tags_vary = bool(options.tags_attributes)
        self._measurements = Texts(
            [options.override_measurement, options.default_measurement]
        )
        self._names = Texts(options.tags.keys())
        self._values = Texts(options.tags.values())

    def __dealloc__(self):
        table_free(&self._tags)
        buffer_free(&self._work)
        buffer_free(&self._text)

    # hot path

    cdef bint is_overridden(self) noexcept nogil:
        """Return whether one measurement is set for all entities."""
        return self._measurements.at(OVERRIDE).length > 0

    cdef bint begin(self, const Entity* entity) noexcept nogil:
        """Begin the tags of a point; False without memory."""
        table_clear(&self._tags)
        self._work.failed = False
        self._text.failed = False
        return self.put_tag(
            span(<const uint8_t*> b"domain", 6), domain_of(entity)
        ) and self.put_tag(span(<const uint8_t*> b"entity_id", 9), object_of(entity))

    cdef bint put_tag(self, Span name, Span text) noexcept nogil:
        """Set a tag; an empty text hides one that was set. False without memory."""
        cdef Item* item = table_put(&self._tags, name, span(NULL, 0))
        cdef size_t start = self._tags.arena.length
        if item == NULL:
            return False
        if is_simple(text):
            put_span(&self._tags.arena, text)
        else:
            self._text.length = 0
            put_clean_name(&self._text, text)
            put_escaped(
                &self._tags.arena, span(self._text.data, self._text.length), True
            )
        set_text(item, start, self._tags.arena.length - start)
        return not self._tags.arena.failed and not self._text.failed

    cdef void clear(self) noexcept nogil:
        """Begin a point that has no tag yet."""
        table_clear(&self._tags)
        self._tags.arena.failed = False
        self._work.failed = False
        self._text.failed = False

    cdef bint put_static(self) noexcept nogil:
        """Set the tags of the options; False without memory."""
        cdef size_t i
        for i in range(self._names.count):
            if not self.put_tag(self._names.at(i), self._values.at(i)):
                return False
        return True

    cdef Span finish(self, Span measurement, Span fallback) noexcept nogil:
        """Return the head with the tags that were set, empty without memory."""
        self._work.length = 0
        self._measurement(measurement)
        if not self._work.length:
            self._measurement(fallback)
        if not table_arrange(&self._tags, False):
            return span(NULL, 0)
        table_write(&self._tags, &self._work, True)
        if self._work.failed or self._text.failed or self._tags.arena.failed:
            return span(NULL, 0)
        return span(self._work.data, self._work.length)

    cdef Span head(
        self,
        Entity* entity,
        Span override,
        const uint8_t* base,
        const Value* source,
        Span source_text,
        uint64_t* series,
    ) noexcept nogil:
        """Return the head of the line, an empty span without memory.

        `source` is the unit or device class, `source_text` its text; MISSING if the
        measurement comes from elsewhere. The span is valid until the next call.
        """
        cdef Span raw
        cdef Buffer* cached = &entity.cached
        if self.tags_vary:
            if not self._build(entity, override, source, source_text):
                return span(NULL, 0)
            raw = span(self._work.data, self._work.length)
            series[0] = hash_of(raw)
            return raw
        raw = span_of(base, source) if source.kind != MISSING else span(NULL, 0)
        if (
            cached.length
            and entity.source_kind == source.kind
            and entity.source_length == raw.length
            and (raw.length == 0 or memcmp(cached.data, raw.at, raw.length) == 0)
        ):
            series[0] = entity.series
        else:
            if not self.begin(entity) or not self._build(
                entity, override, source, source_text
            ):
                return span(NULL, 0)
            cached.length = 0
            if not reserve(cached, raw.length + self._work.length + LOOSE):
                return span(NULL, 0)
            put_span(cached, raw)
            put(cached, self._work.data, self._work.length)
            entity.source_kind = source.kind
            entity.source_length = <unsigned int> raw.length
            entity.series = hash_of(span(self._work.data, self._work.length))
            series[0] = entity.series
        return span(cached.data + raw.length, cached.length - raw.length)

    cdef bint _build(
        self, const Entity* entity, Span override, const Value* source, Span source_text
    ) noexcept nogil:
        """Write the head to `_work`: measurement, then sorted tags."""
        if not self.put_static():
            return False
        self._work.length = 0
        self._text.length = 0
        # What the measurement comes from, first non-empty one.
        if override.length:
            put_span(&self._text, override)
        elif self.is_overridden():
            put_span(&self._text, self._measurements.at(OVERRIDE))
        elif self.source == FROM_ENTITY:
            put_span(&self._text, id_of(entity))
        elif self.source == FROM_CLASS:
            put_span(&self._text, domain_of(entity))
            if source.kind != MISSING:
                put(&self._text, b"__", 2)
                put_span(&self._text, source_text)
        elif source.kind != MISSING:
            put_span(&self._text, source_text)
        self._measurement(span(self._text.data, self._text.length))
        if not self._work.length:
            self._measurement(self._measurements.at(DEFAULT))
        if not self._work.length:
            self._measurement(id_of(entity))
        if not table_arrange(&self._tags, False):
            return False
        table_write(&self._tags, &self._work, True)
        return not self._work.failed and not self._text.failed

    cdef void _measurement(self, Span text) noexcept nogil:
        """Append a clean, escaped measurement; a leading `#` would be a comment."""
        cdef Buffer* clean = &self._tags.arena
        cdef size_t start = clean.length
        put_clean_name(clean, text)
        if clean.failed:
            return
        if clean.length > start and clean.data[start] == c"#":
            put_byte(&self._work, c"\\")
        put_escaped(&self._work, span(clean.data + start, clean.length - start), False)
        clean.length = start
