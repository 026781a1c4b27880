"""What the filter says of an entity, and whether a state of it is left out.

The lists of Home Assistant's block and the rules of `filter` must both let an entity
pass. It is decided once and kept with the entity, until the registry, the filter or,
where a rule asks for it, the device class changes. It changes nothing else.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

from hiq._core.allowance cimport Allowance
from hiq._core.attribute cimport Attribute
from hiq._core.buffer cimport Buffer, buffer_free, put_span
from hiq._core.event cimport Event, Tape, is_partial
from hiq._core.filter cimport Filter
from hiq._core.number cimport decimal_value, is_digit
from hiq._core.rules cimport (
    DEVICE_CLASS, DOMAIN, ENTITY_ID, FIRST_TAG, KEYS, Facts, Rules,
)
from hiq._core.scan cimport Cursor, inside
from hiq._core.span cimport (
    ESCAPED, MAP, NULL_VALUE, STRING, Span, same, span,
)
from hiq._core.state cimport read_rest, read_state
from hiq._core.tags cimport Entity, domain_of, id_of
from hiq._core.text cimport is_text, text_of

cdef enum:
    LONGEST_NUMBER = 64


cdef inline Span held(const Buffer* buffer) noexcept nogil:
    return span(buffer.data, buffer.length)


cdef inline bint is_plain_number(Span text) noexcept nogil:
    """Return whether a text is digits, perhaps with a sign and a point between."""
    cdef size_t i = 0
    cdef bint point = False
    if text.length == 0 or text.length > LONGEST_NUMBER:
        return False
    if text.at[0] == c"-":
        i = 1
    if i == text.length or not is_digit(text.at[i]):
        return False
    while i < text.length:
        if text.at[i] == c".":
            if point:
                return False
            point = True
        elif not is_digit(text.at[i]):
            return False
        i += 1
    return is_digit(text.at[text.length - 1])


cdef void fill(Facts* facts, const Entity* entity) noexcept nogil:
    """Fill in what is known of an entity."""
    cdef const uint8_t* at = entity.facts.data
    cdef const uint8_t* end = at + entity.facts.length
    cdef size_t length
    cdef size_t key = FIRST_TAG
    memset(facts, 0, sizeof(Facts))
    facts.of[ENTITY_ID] = id_of(entity)
    facts.of[DOMAIN] = domain_of(entity)
    facts.of[DEVICE_CLASS] = held(&entity.device_class)
    while key < KEYS and at != end:
        length = at[0] | <size_t> at[1] << 8
        facts.of[key] = span(at + 2, length)
        at += 2 + length
        key += 1


cdef bint change_class(Entity* entity) noexcept nogil:
    """Put the decision for the class before in force; whether there is one.

    Many an entity has its class only while it is available: it goes to and fro.
    """
    cdef bint known = entity.has_other
    entity.device_class, entity.other_class = entity.other_class, entity.device_class
    entity.rule, entity.other_rule = entity.other_rule, entity.rule
    entity.limit, entity.other_limit = entity.other_limit, entity.limit
    entity.accepted, entity.other_accepted = entity.other_accepted, entity.accepted
    entity.has_other = True
    entity.class_in_other = not entity.class_in_other
    return known


cdef class Judge:
    """Built from the options."""

    # construction

    def __cinit__(self, options):
        cdef size_t i
        rules = options.filter
        self._filter = Filter(options.included, options.excluded)
        self._rules = Rules((*rules.exceptions, *rules.patterns))
        self._limits = Rules([limit.rule for limit in rules.limits])
        self.allowance = Allowance(rules)
        self._exceptions = len(rules.exceptions)
        self._is_include = rules.is_include
        self._asks_class = self._rules.asks_class or self._limits.asks_class
        self._bounds = <Bound*> malloc((len(rules.limits) + 1) * sizeof(Bound))
        self.counts = <uint64_t*> calloc(RULES + self._rules.count, sizeof(uint64_t))
        self.thinned = <uint64_t*> calloc(1 + self._limits.count, sizeof(uint64_t))
        if self._bounds == NULL or self.counts == NULL or self.thinned == NULL:
            raise MemoryError
        for i, limit in enumerate(rules.limits):
            self._bounds[i].interval_ns = limit.interval_ns
            self._bounds[i].change = limit.change

    def __dealloc__(self):
        free(self._bounds)
        free(self.counts)
        free(self.thinned)
        buffer_free(&self._text)

    def totals(self):
        """Return the events by what decided, and those left out by each limit."""
        cdef size_t i
        return (
            [self.counts[i] for i in range(<size_t> (RULES + self._rules.count))],
            [self.thinned[i + 1] for i in range(<size_t> self._limits.count)],
        )

    def explain(self, bytes entity_id, bytes device_class, bytes facts):
        """Return acceptance, rule, limit, and whether the class counts, of one entity."""
        cdef Entity entity
        memset(&entity, 0, sizeof(Entity))
        entity.id = <uint8_t*> <char*> entity_id
        entity.id_length = <uint32_t> len(entity_id)
        entity.domain_length = <uint32_t> len(entity_id.partition(b".")[0])
        entity.device_class.data = <uint8_t*> <char*> device_class
        entity.device_class.length = len(device_class)
        entity.facts.data = <uint8_t*> <char*> facts
        entity.facts.length = len(facts)
        self.decide(&entity)
        return bool(entity.accepted), entity.rule, entity.limit, entity.look == BY_CLASS

    # hot path

    cdef bint look(
        self, const uint8_t* base, Event* event, Tape* tape, Entity* entity
    ) noexcept nogil:
        """Decide an entity, if what decides has changed; False without memory."""
        cdef int32_t limit = entity.limit
        cdef bint good = self._look(base, event, tape, entity)
        if entity.limit != limit:
            entity.has_written = False    # under that limit nothing was
        return good

    cdef bint _look(
        self, const uint8_t* base, Event* event, Tape* tape, Entity* entity
    ) noexcept nogil:
        """Do it, but for what a changed limit means."""
        cdef bint fresh = entity.look & UNDECIDED
        cdef int32_t rule = entity.rule
        cdef int32_t limit = entity.limit
        cdef bint changed = False
        cdef Span found
        if self._asks_class:
            # Attributes that are the remembered ones have the remembered class.
            if not fresh and event.version == entity.class_version and (
                event.is_unread or self._has_same_class(event, tape, entity)
            ):
                self._is_read = False
                if entity.class_in_other:
                    change_class(entity)
                return True
            self._is_read = True
            if not self._class_of(base, event, tape, &found):
                return False
            if not same(found, held(&entity.device_class)):
                if change_class(entity) and not fresh and (
                    same(found, held(&entity.device_class))
                ):
                    return True
                changed = True
                if not entity.class_in_other:
                    entity.class_version = 0
                entity.device_class.length = 0
                entity.device_class.failed = False
                put_span(&entity.device_class, found)
                if entity.device_class.failed:
                    entity.look |= UNDECIDED
                    return False
        if fresh:
            # What was decided for other classes holds no more.
            entity.has_other = entity.class_in_other = False
            entity.class_version = 0
            self.decide(entity)
        elif changed:
            self._decide_class(entity, rule, limit)
        return True

    cdef bint _has_same_class(
        self, const Event* event, const Tape* tape, const Entity* entity
    ) noexcept nogil:
        """Return whether the class is, of known attributes, one that has not changed."""
        cdef size_t i
        if event.new_state.kind != MAP or not event.is_recalled:
            return False
        for i in range(event.first, event.first + event.count):
            if <int32_t> tape.items[i].key.start == entity.class_part:
                return False
        return True

    cdef bint _class_of(
        self, const uint8_t* base, Event* event, Tape* tape, Span* out
    ) noexcept nogil:
        """Find the device class of an event; that of the old state on removal."""
        cdef Cursor cursor
        cdef Event old
        cdef const Attribute* items
        cdef size_t count = 0
        cdef size_t first = 0
        cdef size_t i
        cdef Span name = span(<const uint8_t*> b"device_class", 12)
        out[0] = span(NULL, 0)
        self._text.length = 0
        self._text.failed = False
        self._part = -1
        if event.new_state.kind == MAP:
            if event.attributes.kind == MAP:
                if is_partial(event) and not read_rest(tape, base, event):
                    return False
                first, count = event.first, event.count
        elif event.new_state.kind <= NULL_VALUE and event.old_state.kind == MAP:
            memset(&old, 0, sizeof(Event))
            inside(&cursor, base, &event.old_state)
            if not read_state(&cursor, tape, &old):
                return False
            if old.attributes.kind == MAP:
                first, count = old.first, old.count
        items = tape.items + first
        i = count
        while i:        # of equal names the last counts
            i -= 1
            if items[i].key.length != name.length and not items[i].key.flags & ESCAPED:
                continue
            if is_text(base, &items[i].key, name):
                self._part = <int32_t> i
                if items[i].value.kind == STRING:
                    out[0] = text_of(base, &items[i].value, &self._text)
                break
        return not self._text.failed

    cdef void decide(self, Entity* entity) noexcept nogil:
        """Decide an entity by what is known of it."""
        cdef Facts facts
        cdef bint by_class = False
        fill(&facts, entity)
        entity.limit = 0
        entity.allowance = self.allowance.set_of(facts.of[DOMAIN])
        if not self._filter.accepts(facts.of[ENTITY_ID], facts.of[DOMAIN]):
            entity.accepted = False
            entity.rule = LISTS
        else:
            self._apply(entity, self._rules.first(&facts, &by_class))
            if self._limits.count:
                entity.limit = self._limits.first(&facts, &by_class) + 1
        entity.look = BY_CLASS if by_class else 0

    cdef void _decide_class(
        self, Entity* entity, int32_t rule, int32_t limit
    ) noexcept nogil:
        """Decide an entity of which only the class has changed.

        `rule` and `limit` are those of the class before.
        """
        cdef Facts facts
        fill(&facts, entity)
        self._apply(entity, self._rules.first_of_class(&facts, rule - RULES))
        entity.limit = 0
        if self._limits.count:
            entity.limit = self._limits.first_of_class(&facts, limit - 1) + 1

    cdef void _apply(self, Entity* entity, int32_t rule) noexcept nogil:
        """Put the rule that matches in force, a number below 0 is none."""
        if rule < 0:
            entity.accepted = not self._is_include
            entity.rule = NO_RULE
        else:
            entity.accepted = rule < self._exceptions or self._is_include
            entity.rule = RULES + rule

    cdef void remember(self, Entity* entity) noexcept nogil:
        """Take note that the attributes of the event at hand are remembered now."""
        entity.class_version = entity.memo.version if entity.memo.valid else 0
        entity.class_in_other = False
        if self._is_read:
            entity.class_part = self._part

    cdef bint is_exception(self, int32_t rule) noexcept nogil:
        """Return whether what decided is an exception."""
        return RULES <= rule < RULES + self._exceptions

    cdef bint thins(self, Entity* entity, Span state, int64_t stamp) noexcept nogil:
        """Return whether a state is left out: too soon, and too little has changed.

        Only a number after a written number can be; it is compared with that one.
        """
        cdef const Bound* bound = &self._bounds[entity.limit - 1]
        cdef double change
        if not entity.has_written or not is_plain_number(state):
            return False
        if bound.interval_ns and not (
            0 <= stamp - entity.written_ns < bound.interval_ns
        ):
            return False
        if bound.change:
            change = decimal_value(state.at, state.length) - entity.written_value
            if change < 0:
                change = -change
            if not change < bound.change:
                return False
        self.thinned[entity.limit] += 1
        return True

    cdef void written(self, Entity* entity, Span state, int64_t stamp) noexcept nogil:
        """Take note of a state that is written."""
        entity.has_written = is_plain_number(state)
        if entity.has_written:
            entity.written_ns = stamp
            entity.written_value = decimal_value(state.at, state.length)
