"""Schema `homeiq`: one point of `home_assistant_events` per event, whatever its state.

The point of the HomeIQ ingestion service, with what made it unusable put right: plain
state texts, a number beside them, the parent context, removals. Field names are
written in their order, so no table is needed. It judges nothing and knows no frames.
"""

from libc.stdint cimport int64_t, uint8_t

from hiq._core.buffer cimport Buffer, buffer_free, put, put_span
from hiq._core.cards cimport (
    AREA_ID, DEVICE_ID, ENTITY_CATEGORY, MANUFACTURER, MODEL, SW_VERSION, Cards,
)
from hiq._core.moment cimport MOMENT_OK, moment_ns
from hiq._core.names cimport Names
from hiq._core.number cimport put_double
from hiq._core.numeral cimport FINITE, put_text_number
from hiq._core.row cimport Made, Seen
from hiq._core.series cimport Series
from hiq._core.span cimport MAP, STRING, Span, Value, hash_of, span, span_of
from hiq._core.status cimport Status
from hiq._core.strings cimport json_text, put_string, put_string_of
from hiq._core.tags cimport domain_of, id_of
from hiq._core.text cimport put_quoted, text_of

cdef enum:
    WEEK_US = 604_800_000_000

# The first row in which the domain or the class stands decides.
CATEGORIES = (
    ("security", ("alarm_control_panel", "lock"), ("door", "window", "motion", "lock")),
    ("climate", ("climate",), ("temperature", "humidity")),
    ("lighting", ("light",), ("light",)),
    ("appliance", ("switch", "fan", "vacuum"), ("power", "energy")),
    ("monitoring", ("sensor",), ()),
    ("general", (), ()),
)

cdef enum:
    GENERAL = 5


cdef inline Span category(int number) noexcept nogil:
    if number == 0:
        return span(<const uint8_t*> b"security", 8)
    if number == 1:
        return span(<const uint8_t*> b"climate", 7)
    if number == 2:
        return span(<const uint8_t*> b"lighting", 8)
    if number == 3:
        return span(<const uint8_t*> b"appliance", 9)
    if number == 4:
        return span(<const uint8_t*> b"monitoring", 10)
    return span(<const uint8_t*> b"general", 7)


cdef inline bint is_word(Span text) noexcept nogil:
    """Return whether a text is letters, digits and underscores of ASCII."""
    cdef size_t i
    cdef uint8_t byte
    for i in range(text.length):
        byte = text.at[i]
        if not (
            c"a" <= byte <= c"z" or c"A" <= byte <= c"Z" or c"0" <= byte <= c"9"
            or byte == c"_"
        ):
            return False
    return text.length > 0


cdef class HomeIQ:
    """Built from the options and the texts of the registry."""

    # construction

    def __cinit__(self, options, Cards cards):
        self._cards = cards
        self._series = Series(options)
        self._domains = Names(
            {name: i for i, row in enumerate(CATEGORIES) for name in row[1]}
        )
        self._classes = Names(
            {name: i for i, row in enumerate(CATEGORIES) for name in row[2]}
        )

    def __dealloc__(self):
        buffer_free(&self._text)
        buffer_free(&self._scratch)

    # hot path

    cdef bint prepare(self, const Seen* seen, Made* made) noexcept nogil:
        """Make the head and the attributes' field of an entity; False without memory."""
        cdef Span domain = domain_of(seen.entity)
        cdef Span id = id_of(seen.entity)
        cdef Span kind = span(NULL, 0)
        cdef Span area = span(NULL, 0)
        cdef Span head
        cdef int found = self._domains.find(domain, hash_of(domain))
        cdef int other = -1
        made.refused = not is_word(domain) or not is_word(
            span(id.at + domain.length + 1, id.length - domain.length - 1)
        )
        if made.refused:
            return True
        self._text.length = self._scratch.length = 0
        self._text.failed = self._scratch.failed = False
        if seen.marks.device_class.kind == STRING:
            kind = text_of(seen.base, &seen.marks.device_class, &self._text)
            if not is_word(kind):
                kind = span(NULL, 0)
            elif kind.length:
                other = self._classes.find(kind, hash_of(kind))
        if seen.marks.area.kind == STRING:
            area = text_of(seen.base, &seen.marks.area, &self._scratch)
        if found < 0 or 0 <= other < found:
            found = other
        if found < 0:
            found = GENERAL
        self._series.clear()
        if not (
            self._series.put_tag(span(<const uint8_t*> b"entity_id", 9), id)
            and self._series.put_tag(span(<const uint8_t*> b"domain", 6), domain)
            and self._series.put_tag(
                span(<const uint8_t*> b"event_type", 10),
                span(<const uint8_t*> b"state_changed", 13),
            )
            and self._series.put_tag(
                span(<const uint8_t*> b"event_category", 14), category(found)
            )
            and self._series.put_tag(span(<const uint8_t*> b"device_class", 12), kind)
            and self._series.put_tag(span(<const uint8_t*> b"area", 4), area)
            and self._series.put_tag(
                span(<const uint8_t*> b"device_id", 9),
                self._cards.text(seen.number, DEVICE_ID),
            )
            and self._series.put_tag(
                span(<const uint8_t*> b"area_id", 7),
                self._cards.text(seen.number, AREA_ID),
            )
            and self._series.put_tag(
                span(<const uint8_t*> b"entity_category", 15),
                self._cards.text(seen.number, ENTITY_CATEGORY),
            )
        ):
            return False
        head = self._series.finish(span(<const uint8_t*> b"home_assistant_events", 21), id)
        made.head.length = made.fields.length = 0
        put_span(&made.head, head)
        made.series = hash_of(head)
        if seen.attributes.kind == MAP:
            put(&made.fields, b",attributes=", 12)
            put_quoted(
                &made.fields,
                json_text(span_of(seen.base, &seen.attributes), &self._scratch),
            )
        return head.length and not (
            made.head.failed or made.fields.failed
            or self._text.failed or self._scratch.failed
        )

    cdef Status write(self, const Seen* seen, const Made* made, Buffer* out) noexcept nogil:
        """Append head and fields of an event."""
        cdef size_t start
        cdef size_t mark
        if made.refused:
            return Status.SKIPPED
        self._text.failed = self._scratch.failed = False
        put(out, made.head.data, made.head.length)
        start = out.length
        put(out, made.fields.data, made.fields.length)
        self._put(out, b",context_id=", 12, seen, &seen.parts.context_id)
        self._put(out, b",context_parent_id=", 19, seen, &seen.parts.parent_id)
        self._put(out, b",context_user_id=", 17, seen, &seen.parts.user_id)
        self._put_duration(seen, out)
        self._put_card(out, b",manufacturer=", 14, seen, MANUFACTURER)
        self._put_card(out, b",model=", 7, seen, MODEL)
        self._put(out, b",previous_state=", 16, seen, &seen.parts.old_text)
        if seen.removed:
            put(out, b",removed=true", 13)
        else:
            mark = out.length
            put(out, b",state_numeric=", 15)
            self._scratch.length = 0
            if put_text_number(
                out, seen.state, seen.flags != 0, &self._scratch
            ) != FINITE:
                out.length = mark
            put(out, b",state_value=", 13)
            put_string(out, seen.state, &self._scratch)
        self._put_card(out, b",sw_version=", 12, seen, SW_VERSION)
        if out.failed or self._text.failed or self._scratch.failed:
            return Status.NO_MEMORY
        out.data[start] = c" "
        return Status.OK

    cdef void _put(
        self, Buffer* out, const char* name, size_t length, const Seen* seen,
        const Value* value,
    ) noexcept nogil:
        """Append a field from a JSON string, nothing if it is none."""
        if value.kind == STRING:
            put(out, name, length)
            put_string_of(out, seen.base, value, &self._text, &self._scratch)

    cdef void _put_card(
        self, Buffer* out, const char* name, size_t length, const Seen* seen, int key
    ) noexcept nogil:
        """Append a field from the registry, nothing if it is not known."""
        cdef Span text = self._cards.text(seen.number, key)
        if text.length:
            put(out, name, length)
            put_string(out, text, &self._scratch)

    cdef void _put_duration(self, const Seen* seen, Buffer* out) noexcept nogil:
        """Append how long the entity was in its old state, if that is known."""
        cdef int64_t begin = 0
        cdef int64_t end = seen.fired_ns
        if not self._moment(seen.base, &seen.parts.old_changed, &begin):
            return
        if not seen.removed and not self._moment(
            seen.base, &seen.parts.changed, &end
        ):
            return
        end = end // 1000 - begin // 1000
        if end < 0:
            self.negative_durations += 1
            end = 0
        elif end > WEEK_US:
            self.long_durations += 1
        put(out, b",duration_in_state_seconds=", 27)
        put_double(out, <double> end / 1e6)

    cdef bint _moment(
        self, const uint8_t* base, const Value* value, int64_t* out
    ) noexcept nogil:
        """Read a time; False if it is none."""
        if value.kind != STRING:
            return False
        self._text.length = 0
        return moment_ns(
            text_of(base, value, &self._text), &self._minute, out
        ) == MOMENT_OK
