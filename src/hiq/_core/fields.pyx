"""Fields of a point: what a state and an attribute become.

A number, boolean or numeric text is one float; everything else is a text under
`<name>_str`, and the digits in it may be a float as well. Names that are taken get
one underscore. Source: `homeassistant.components.influxdb`.
"""

from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from hiq._core.buffer cimport Buffer, buffer_free, put, put_span
from hiq._core.attribute cimport Attribute
from hiq._core.known cimport Known
from hiq._core.names cimport Names
from hiq._core.number cimport put_number
from hiq._core.numeral cimport (
    FINITE, NOT_A_NUMBER, NOT_FINITE, Numeric, put_digit_tail, put_text_number,
)
from hiq._core.pytext cimport put_text
from hiq._core.slow cimport put_python_text
from hiq._core.span cimport (
    ESCAPED, FALSE_VALUE, FLOAT, HIGH, INTEGER, STRING, TRUE_VALUE, Span, Value,
    hash_of, span, span_of,
)
from hiq._core.table cimport (
    DEAD, HIDDEN, Item, Table, set_text, table_find, table_free, table_put,
)
from hiq._core.tags cimport Entity
from hiq._core.text cimport has_breaks, one_line, put_quoted, text_of
from hiq._core.vocabulary cimport Word

cdef enum:
    NO_ITEM = -1

# States that are 1 or 0 as well.
ONE = ("on", "open", "home", "above_horizon", "locked")
ZERO = ("off", "closed", "not_home", "below_horizon", "unlocked")

cdef Span NO_SUFFIX = span(<const uint8_t*> b"", 0)
cdef Span UNDERSCORE = span(<const uint8_t*> b"_", 1)
cdef Span STR = span(<const uint8_t*> b"_str", 4)
cdef Span UNDERSCORE_STR = span(<const uint8_t*> b"__str", 5)


cdef class Fields:
    """Built from the table of well-known attributes. Holds the fields of one point."""

    # construction

    def __cinit__(self, known):
        self.known = Known(known)
        self._states = Names(dict.fromkeys(ONE, 1) | dict.fromkeys(ZERO, 0))

    def __dealloc__(self):
        table_free(&self.table)
        buffer_free(&self.text)
        buffer_free(&self.key)
        buffer_free(&self.restored)
        buffer_free(&self.scratch)

    # hot path

    cdef void begin(self) noexcept nogil:
        """Begin a point: nothing has failed yet."""
        self.is_refused = False
        self.table.arena.failed = False
        self.text.failed = False
        self.restored.failed = False
        self.key.failed = False
        self.scratch.failed = False

    cdef bint has_failed(self) noexcept nogil:
        """Return whether memory was out since the point began."""
        return (
            self.table.arena.failed
            or self.text.failed
            or self.restored.failed
            or self.key.failed
            or self.scratch.failed
        )

    cdef bint make_state(self, Span text, uint8_t flags) noexcept nogil:
        """Write `value` and `state` of a state to the arena; False without memory."""
        cdef Buffer* arena = &self.table.arena
        cdef Made* made = &self.made
        cdef int32_t known
        made.text_there = False
        made.number_at = arena.length
        made.number = put_text_number(arena, text, flags != 0, &self.scratch)
        if made.number == NOT_A_NUMBER:
            known = self._states.find(text, hash_of(text))
            if known >= 0:
                put(arena, b"1.0" if known else b"0.0", 3)
                made.number = FINITE
            made.number_length = arena.length - made.number_at
            return self._make_text(text, flags == 0)
        made.number_length = arena.length - made.number_at
        return not self.has_failed()

    cdef bint add_state(self) noexcept nogil:
        """Set the fields of the state just made; False without memory."""
        cdef Made* made = &self.made
        cdef Item* item
        made.text_item = made.number_item = NO_ITEM
        made.taken = False
        if made.text_there:
            made.text_item = self._set(
                span(<const uint8_t*> b"state", 5), NO_SUFFIX,
                made.text_at, made.text_length,
            )
            if made.text_item < 0:
                return False
        if made.number == FINITE:
            made.number_item = self._set(
                span(<const uint8_t*> b"value", 5), NO_SUFFIX,
                made.number_at, made.number_length,
            )
            return made.number_item >= 0
        if made.number == NOT_FINITE:
            item = table_put(
                &self.table, span(<const uint8_t*> b"value", 5), NO_SUFFIX
            )
            if item == NULL:
                return False
            item.state = HIDDEN
        return True

    cdef bint make_attribute(
        self,
        const uint8_t* base,
        const Value* value,
        const Word* word,
        const Entity* entity,
        const Attribute* items,
        size_t count,
    ) noexcept nogil:
        """Write the number and text of a value to the arena; False without memory."""
        cdef Buffer* arena = &self.table.arena
        cdef Made* made = &self.made
        cdef Span text
        cdef bint high
        cdef bint plain = False
        made.text_there = False
        made.number_at = arena.length
        made.number = FINITE
        self.text.length = 0
        self.scratch.length = 0
        if value.kind == INTEGER or value.kind == FLOAT:
            put_number(arena, span_of(base, value), value.kind == INTEGER)
        elif value.kind == TRUE_VALUE or value.kind == FALSE_VALUE:
            put(arena, b"1.0" if value.kind == TRUE_VALUE else b"0.0", 3)
        else:
            made.number = NOT_A_NUMBER
            if value.kind == STRING:
                text = text_of(base, value, &self.text)
                high = value.flags != 0
                plain = value.flags & ESCAPED == 0 and not (high and has_breaks(text))
                made.number = put_text_number(arena, text, high, &self.scratch)
            else:
                if not self.text_of_value(&self.text, base, value):
                    return False
                text = span(self.text.data, self.text.length)
            if made.number == NOT_A_NUMBER:
                # The digits are those of the text in JSON, restored or not.
                made.number = put_digit_tail(arena, text, &self.scratch)
                made.number_length = arena.length - made.number_at
                if word.rows & entity.rows and self.restore(
                    base, value, word, entity, items, count
                ):
                    text = span(self.restored.data, self.restored.length)
                    plain = False
                return self._make_text(text, plain)
        made.number_length = arena.length - made.number_at
        return not self.has_failed()

    cdef bint add_attribute(self, const uint8_t* base, const Value* key) noexcept nogil:
        """Set the fields of the value just made; False without memory."""
        cdef Made* made = &self.made
        cdef Span name
        made.text_item = made.number_item = NO_ITEM
        self.key.length = 0
        name = text_of(base, key, &self.key)
        if self.key.failed:
            return False
        made.taken = table_find(&self.table, name) != NULL
        if made.text_there:
            made.text_item = self._set(
                name, UNDERSCORE_STR if made.taken else STR,
                made.text_at, made.text_length,
            )
            if made.text_item < 0:
                return False
        if made.number == FINITE:
            made.number_item = self._set(
                name, UNDERSCORE if made.taken else NO_SUFFIX,
                made.number_at, made.number_length,
            )
            return made.number_item >= 0
        if made.number == NOT_FINITE:
            return self._delete(name, UNDERSCORE if made.taken else NO_SUFFIX)
        return True

    cdef bint text_of_value(
        self, Buffer* out, const uint8_t* base, const Value* value
    ) noexcept nogil:
        """Append the Python text of a value; False without memory, or refused."""
        cdef size_t mark = out.length
        if not put_text(out, base, value, &self.scratch):
            out.length = mark
            self.slow += 1
            if not put_python_text(out, base + value.start, value.length):
                self.is_refused = True
                return False
        return not out.failed

    cdef bint restore(
        self,
        const uint8_t* base,
        const Value* value,
        const Word* word,
        const Entity* entity,
        const Attribute* items,
        size_t count,
    ) noexcept nogil:
        """Put the text of a well-known attribute into `restored`, if it is one."""
        cdef uint32_t rows = word.rows & entity.rows
        cdef int row = 0
        if not rows:
            return False
        while not rows & 1:
            rows >>= 1
            row += 1
        if entity.is_mqtt and self.known.is_enum(row):
            return False
        self.restored.length = 0
        return self.known.put(
            &self.restored, row, base, value, items, count, &self.scratch
        )

    cdef int32_t _set(
        self, Span name, Span suffix, size_t start, size_t length
    ) noexcept nogil:
        """Set a field to a text in the arena; its number, negative without memory."""
        cdef Item* item = table_put(&self.table, name, suffix)
        if item == NULL:
            return NO_ITEM
        set_text(item, start, length)
        return <int32_t> (item - self.table.items)

    cdef bint _make_text(self, Span text, bint plain) noexcept nogil:
        """Write a string field; `plain` needs neither cleaning nor escaping."""
        cdef Buffer* arena = &self.table.arena
        self.made.text_there = True
        self.made.text_at = arena.length
        if plain:
            put(arena, b'"', 1)
            put_span(arena, text)
            put(arena, b'"', 1)
        elif has_breaks(text):
            self.scratch.length = 0
            put_span(&self.scratch, text)
            if self.scratch.failed:
                return False
            self.scratch.length = one_line(self.scratch.data, self.scratch.length)
            put_quoted(arena, span(self.scratch.data, self.scratch.length))
        else:
            put_quoted(arena, text)
        self.made.text_length = arena.length - self.made.text_at
        return not self.has_failed()

    cdef bint _delete(self, Span name, Span suffix) noexcept nogil:
        """Remove a field, as a number that is not finite does."""
        cdef Item* item = table_put(&self.table, name, suffix)
        if item == NULL:
            return False
        item.state = DEAD
        return True
