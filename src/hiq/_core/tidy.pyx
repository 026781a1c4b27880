"""Schema `tidy`: series that a new unit or a move does not break, types that never flip.

The measurement is the domain. Attributes are written only if they are asked for: a
number or boolean under its name, everything else as text under `<name>_text`. It
judges nothing and knows no frames.
"""

from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.stdlib cimport free

from hiq._core.arrange cimport table_arrange
from hiq._core.attribute cimport Attribute
from hiq._core.buffer cimport Buffer, buffer_free, grow_array, put, put_byte, put_span
from hiq._core.cards cimport (
    AREA, DEVICE, FIRST_ID, FLOOR, LABELS, PLATFORM, RID, Cards,
)
from hiq._core.names cimport Names
from hiq._core.number cimport put_number
from hiq._core.numeral cimport FINITE, put_text_number
from hiq._core.row cimport SEGMENTS, Made, Seen
from hiq._core.scan cimport Cursor, enter, inside, next_key, scan_value
from hiq._core.series cimport Series
from hiq._core.span cimport (
    FALSE_VALUE, FLOAT, INTEGER, MAP, STRING, TRUE_VALUE, Span, Value, hash_of,
    same, span, span_of,
)
from hiq._core.status cimport Status
from hiq._core.strings cimport json_text, put_capped, put_string, put_string_of
from hiq._core.table cimport (
    Item, set_text, table_clear, table_free, table_put, table_write,
)
from hiq._core.tags cimport domain_of, id_of
from hiq._core.text cimport put_clean_name, text_of
from hiq._core.unique cimport keep_last
from hiq._core.wanted cimport Wanted

from hiq._core.fields import ONE, ZERO
from hiq._core.schema_options import TAGS

# Bits of the tags, in the order of `TAGS`.
cdef enum:
    CLASS_TAG = 0
    AREA_TAG = 1
    UNIT_TAG = 2
    FLOOR_TAG = 3
    DEVICE_TAG = 4
    LABELS_TAG = 5
    PLATFORM_TAG = 6
    RID_TAG = 7

# Where the fields of the state stand among those of the attributes, by name.
cdef enum:
    BEFORE_REMOVED = 0
    BEFORE_STATE = 1
    BEFORE_VALUE = 2
    LAST = 3


cdef inline bint is_named(Span text, const char* word, size_t length) noexcept nogil:
    return same(text, span(<const uint8_t*> word, length))


cdef inline bint is_below(Span text, const char* word, size_t length) noexcept nogil:
    """Return whether a name comes before a word."""
    cdef size_t i
    for i in range(min(text.length, length)):
        if text.at[i] != <uint8_t> word[i]:
            return text.at[i] < <uint8_t> word[i]
    return text.length < length


cdef inline int segment_of(Span name) noexcept nogil:
    if is_below(name, b"removed", 7):
        return BEFORE_REMOVED
    if is_below(name, b"state", 5):
        return BEFORE_STATE
    return BEFORE_VALUE if is_below(name, b"value", 5) else LAST


cdef inline bint is_number(const Value* value) noexcept nogil:
    return (
        value.kind == INTEGER or value.kind == FLOAT
        or value.kind == TRUE_VALUE or value.kind == FALSE_VALUE
    )


cdef inline bint is_unavailable(Span state) noexcept nogil:
    return (
        state.length == 0
        or is_named(state, b"unknown", 7)
        or is_named(state, b"unavailable", 11)
    )


cdef class Tidy:
    """Built from the options and the texts of the registry."""

    # construction

    def __cinit__(self, options, Cards cards):
        cdef size_t i
        given = options.tidy
        self._wanted = Wanted(given.attributes)
        self._cards = cards
        self._series = Series(options)
        self._states = Names(dict.fromkeys(ONE, 1) | dict.fromkeys(ZERO, 0))
        for i, name in enumerate(TAGS):
            self._tags |= <uint32_t> (name in given.tags) << i
        self._follows = given.follows_old_id
        self._writes_unavailable = given.writes_unavailable
        self._numeric_state_text = given.numeric_state_text
        self._most = given.max_text_bytes

    def __dealloc__(self):
        free(self._items)
        table_free(&self._table)
        buffer_free(&self._name)
        buffer_free(&self._text)
        buffer_free(&self._scratch)

    # hot path

    cdef bint prepare(self, const Seen* seen, Made* made) noexcept nogil:
        """Make the head and the attributes' fields of an entity; False without memory."""
        self._name.failed = self._text.failed = self._scratch.failed = False
        return self._head(seen, made) and self._fields(seen, made)

    cdef bint _head(self, const Seen* seen, Made* made) noexcept nogil:
        """Make measurement and tags."""
        cdef Span id = id_of(seen.entity)
        cdef Span kind = span(NULL, 0)
        cdef Span unit = span(NULL, 0)
        cdef Span head
        if self._follows and self._cards.text(seen.number, FIRST_ID).length:
            id = self._cards.text(seen.number, FIRST_ID)
        self._text.length = self._scratch.length = 0
        if self._tags >> CLASS_TAG & 1 and seen.marks.device_class.kind == STRING:
            kind = text_of(seen.base, &seen.marks.device_class, &self._text)
        if self._tags >> UNIT_TAG & 1 and seen.marks.unit.kind == STRING:
            unit = text_of(seen.base, &seen.marks.unit, &self._scratch)
        self._series.clear()
        if not (
            self._series.put_tag(span(<const uint8_t*> b"entity_id", 9), id)
            and self._series.put_tag(span(<const uint8_t*> b"device_class", 12), kind)
            and self._series.put_tag(span(<const uint8_t*> b"unit", 4), unit)
            and self._put_card(seen, b"area", 4, AREA_TAG, AREA)
            and self._put_card(seen, b"floor", 5, FLOOR_TAG, FLOOR)
            and self._put_card(seen, b"device", 6, DEVICE_TAG, DEVICE)
            and self._put_card(seen, b"labels", 6, LABELS_TAG, LABELS)
            and self._put_card(seen, b"platform", 8, PLATFORM_TAG, PLATFORM)
            and self._put_card(seen, b"rid", 3, RID_TAG, RID)
            and self._series.put_static()
        ):
            return False
        head = self._series.finish(domain_of(seen.entity), id_of(seen.entity))
        made.head.length = 0
        put_span(&made.head, head)
        made.series = hash_of(head)
        return head.length and not (
            made.head.failed or self._text.failed or self._scratch.failed
        )

    cdef bint _put_card(
        self, const Seen* seen, const char* name, size_t length, int bit, int key
    ) noexcept nogil:
        """Set a tag from the registry, if it is on; False without memory."""
        return not self._tags >> bit & 1 or self._series.put_tag(
            span(<const uint8_t*> name, length), self._cards.text(seen.number, key)
        )

    cdef bint _fields(self, const Seen* seen, Made* made) noexcept nogil:
        """Make the fields of the attributes, in parts by name; False without memory."""
        cdef const uint8_t* base = seen.base
        cdef Cursor cursor
        cdef size_t count = 0
        cdef size_t i
        cdef int segment
        cdef int32_t number = self._wanted.number_of(domain_of(seen.entity))
        made.fields.length = 0
        if seen.attributes.kind == MAP and self._wanted.count:
            inside(&cursor, base, &seen.attributes)
            enter(&cursor)
            while True:
                if not grow_array(
                    <void**> &self._items, &self._capacity, count + 1, sizeof(Attribute)
                ):
                    return False
                if next_key(&cursor, &self._items[count].key, count == 0) <= 0:
                    break
                if not scan_value(&cursor, &self._items[count].value):
                    break
                count += 1
            self._text.length = 0
            if not keep_last(base, self._items, &count, &self._text):
                return False
        for segment in range(SEGMENTS):
            table_clear(&self._table)
            self._table.arena.failed = False
            for i in range(count):
                self._text.length = 0
                if self._wanted.accepts(
                    number, text_of(base, &self._items[i].key, &self._text)
                ) and not self._add(base, &self._items[i], segment):
                    return False
            if (
                segment == BEFORE_VALUE
                and not self._tags >> UNIT_TAG & 1
                and seen.marks.unit.kind == STRING
                and not self._add_unit(base, &seen.marks.unit)
            ):
                return False
            if not table_arrange(&self._table, True):
                return False
            table_write(&self._table, &made.fields, True)
            if self._table.arena.failed:
                return False
            made.ends[segment] = <uint32_t> made.fields.length
        return not (
            made.fields.failed or self._table.arena.failed or self._text.failed
            or self._name.failed or self._scratch.failed
        )

    cdef bint _add_unit(self, const uint8_t* base, const Value* unit) noexcept nogil:
        """Add the field of the unit, if there is one; False without memory."""
        cdef size_t start
        cdef Item* item
        if unit.length == 0:
            return True
        item = table_put(&self._table, span(<const uint8_t*> b"unit", 4), span(NULL, 0))
        if item == NULL:
            return False
        start = self._table.arena.length
        put_string_of(&self._table.arena, base, unit, &self._text, &self._scratch)
        set_text(item, start, self._table.arena.length - start)
        return True

    cdef bint _add(
        self, const uint8_t* base, const Attribute* item, int segment
    ) noexcept nogil:
        """Add the field of an attribute, if it is of this part; False without memory."""
        cdef Buffer* arena = &self._table.arena
        cdef const Value* value = &item.value
        cdef Item* place
        cdef Span name
        cdef Span text
        cdef size_t start
        self._name.length = self._text.length = 0
        put_clean_name(&self._name, text_of(base, &item.key, &self._text))
        if self._name.length == 0:
            return True
        name = span(self._name.data, self._name.length)
        if not is_number(value):
            put(&self._name, b"_text", 5)
        elif (
            is_named(name, b"value", 5)
            or is_named(name, b"state", 5)
            or is_named(name, b"unit", 4)
            or is_named(name, b"removed", 7)
            or is_named(name, b"time", 4)
            or (
                name.length >= 5
                and is_named(span(name.at + name.length - 5, 5), b"_text", 5)
            )
        ):
            put_byte(&self._name, c"_")
        if self._name.failed:
            return False
        name = span(self._name.data, self._name.length)
        if segment_of(name) != segment:
            return True
        place = table_put(&self._table, name, span(NULL, 0))
        if place == NULL:
            return False
        start = arena.length
        if value.kind == INTEGER or value.kind == FLOAT:
            put_number(arena, span_of(base, value), value.kind == INTEGER)
        elif value.kind == TRUE_VALUE or value.kind == FALSE_VALUE:
            put(arena, b"1.0" if value.kind == TRUE_VALUE else b"0.0", 3)
        else:
            self._text.length = 0
            text = (
                text_of(base, value, &self._text) if value.kind == STRING
                else json_text(span_of(base, value), &self._text)
            )
            self.cut_texts += put_capped(arena, text, self._most, &self._scratch)
        set_text(place, start, arena.length - start)
        return True

    cdef Status write(self, const Seen* seen, const Made* made, Buffer* out) noexcept nogil:
        """Append head and fields of an event."""
        cdef const uint8_t* fields = made.fields.data
        cdef bint bare = seen.removed or is_unavailable(seen.state)
        cdef size_t start
        cdef bint numeric = False
        cdef int32_t known
        self._scratch.failed = False
        if bare and not seen.removed and not self._writes_unavailable:
            return Status.SKIPPED
        put(out, made.head.data, made.head.length)
        start = out.length
        if seen.removed:
            put(out, b",removed=true", 13)
        elif bare:
            put(out, b",state=", 7)
            put_string(out, seen.state, &self._scratch)
        else:
            self._text.length = 0
            self._text.failed = False
            self._scratch.length = 0
            numeric = put_text_number(
                &self._text, seen.state, seen.flags != 0, &self._scratch
            ) == FINITE
            put(out, fields, made.ends[BEFORE_STATE])
            if not numeric or self._numeric_state_text:
                put(out, b",state=", 7)
                put_string(out, seen.state, &self._scratch)
            put(
                out, fields + made.ends[BEFORE_STATE],
                made.ends[BEFORE_VALUE] - made.ends[BEFORE_STATE],
            )
            if numeric:
                put(out, b",value=", 7)
                put(out, self._text.data, self._text.length)
            else:
                known = self._states.find(seen.state, hash_of(seen.state))
                if known >= 0:
                    put(out, b",value=1.0" if known else b",value=0.0", 10)
            put(
                out, fields + made.ends[BEFORE_VALUE],
                made.ends[LAST] - made.ends[BEFORE_VALUE],
            )
        if out.failed or self._scratch.failed or self._text.failed:
            return Status.NO_MEMORY
        out.data[start] = c" "
        return Status.OK
