"""The border: frames of bytes come in, lines go out. The one place where Python
meets the compiled core.

Bad content is counted and sampled, never raised.
"""

from dataclasses import replace

cimport cython

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport (
    PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE,
)
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memset

from hiq._core.intake cimport Intake
from hiq._core.judge cimport Judge
from hiq._core.line cimport Encoder
from hiq._core.refusal cimport Refusal
from hiq._core.ring cimport Part, Ring
from hiq._core.span cimport span
from hiq._core.tap cimport NEWEST, UNWANTED, WANTED, Tap
from hiq._core.vector cimport prefetch_cold
from hiq._core.verdict cimport Tally, Verdicts

from hiq._core.decision import Decision, counted, facts_of, rule_name
from hiq._core.options import Options, Plan
from hiq._core.status import named
from hiq._core.taken import Taken

cdef enum:
    TAP_BYTES = 8 * 1024 * 1024


cdef class Pipeline:
    """Frames of Home Assistant's WebSocket in, line protocol out.

    - `options`: a mapping with the keys of Home Assistant's `influxdb:` block, of
      which connection keys are ignored, and `schema`, `restore_python_text`,
      `skip_null_attributes`, `high_water` (bytes). ValueError names the bad key.
    - One thread owns it.
    """

    # construction

    def __cinit__(self, options=None):
        self._options = Options.read(options)
        self._encoder = Encoder(self._options, Plan.of(self._options))
        self._ring = Ring()
        self.refusal = Refusal()
        self.intake = Intake(
            self._encoder, self._ring, self.refusal, self._options.high_water
        )
        self._verdicts = Verdicts()

    # hot path

    @cython.binding(False)
    def feed(self, frame, bint snapshot=False):
        """Take one WebSocket text message, whole, and say what became of it.

        - never raises for bad content; TypeError for what is not bytes-like;
        - `snapshot`: an event whose time equals the last seen one of its entity is
          a duplicate and gives no line.
        """
        cdef Py_buffer view
        # First of all: to look at the type is to wait for the first of these lines.
        prefetch_cold(<const void*> frame)
        if type(frame) is bytes:
            return self._verdict(
                <const uint8_t*> PyBytes_AS_STRING(frame),
                PyBytes_GET_SIZE(frame),
                snapshot,
            )
        PyObject_GetBuffer(frame, &view, PyBUF_SIMPLE)
        try:
            return self._verdict(<const uint8_t*> view.buf, view.len, snapshot)
        finally:
            PyBuffer_Release(&view)

    cdef object _verdict(self, const uint8_t* base, size_t length, bint snapshot):
        """Take one frame and say what became of it."""
        cdef Tally tally
        cdef list passed
        memset(&tally, 0, sizeof(Tally))
        passed = self.intake.take(base, length, snapshot, &tally)
        return self._verdicts.of(&tally, self.intake.is_full(), passed)

    # export

    def take(self, schema=None):
        """Return all finished lines in the order of arrival; they are removed."""
        cdef Ring ring = self._ring_of(schema)
        cdef bytes data = PyBytes_FromStringAndSize(
            <const char*> ring.lines.data, ring.lines.length
        )
        ring.clear()
        return data

    def take_batch(self, schema=None):
        """Return all finished lines grouped by series; they are removed."""
        found = self.take_batches(schema)
        return found[0] if found else Taken(b"", 0, 0, 0)

    def take_batches(self, schema=None, size_t max_points=-1, size_t max_bytes=-1):
        """Return all finished lines in parts, each grouped by series; they are removed.

        A part has at most so many lines and bytes, but at least one line; lines are
        shared out evenly, parts are in the order of arrival.
        """
        cdef Ring ring = self._ring_of(schema)
        cdef list found = []
        cdef bytes data
        cdef Part part
        cdef size_t parts
        if 0 < max_points < ring.count:
            parts = (ring.count + max_points - 1) // max_points
            max_points = (ring.count + parts - 1) // parts
        memset(&part, 0, sizeof(Part))
        while part.first + part.count < ring.count:
            part = ring.part(&part, max_points, max_bytes)
            data = PyBytes_FromStringAndSize(NULL, part.length)
            if not ring.group(&part, PyBytes_AS_STRING(data)):
                raise MemoryError
            found.append(Taken(data, part.count, part.first_ns, part.last_ns))
        ring.clear()
        return found

    cdef Ring _ring_of(self, schema):
        if schema is not None and schema not in self._options.schemas:
            raise ValueError(f"schema: {schema!r} is not one of this pipeline")
        name = schema or self._options.schemas[0]
        return self._ring if name == "ha" else self._encoder.schemas.ring_of(name)

    def rejects(self):
        """Return the newest refused events, newest last: reason and first bytes."""
        return self.refusal.samples()

    def set_tags(self, entity_id, tags):
        """Set the registry's tags of an entity, None removes them.

        Effective from the next event on. Schema `ha` uses only `platform`, the filter
        also the ids of area, floor and labels, `integration`, `entity_category`.
        """
        cdef bytes owned = entity_id.encode()
        cdef bytes facts = facts_of(tags)
        platform = None if tags is None else tags.get("platform")
        self._encoder.set_platform(
            span(<const uint8_t*> <char*> owned, len(owned)), platform == "mqtt"
        )
        self._encoder.set_facts(
            span(<const uint8_t*> <char*> owned, len(owned)),
            span(<const uint8_t*> <char*> facts, len(facts)),
        )
        if self._encoder.has_others:
            self._encoder.schemas.tell(entity_id, tags)

    # watching

    def tap(self, bint on):
        """Begin or end to collect accepted events, but for snapshots, for `tapped`."""
        if not on:
            self.intake.tap = None
        elif self.intake.tap is None:
            self.intake.tap = Tap(TAP_BYTES)

    def tapped(self):
        """Return the events accepted since the last call, and forget them.

        Each is the number of its entity (0: not remembered), the entity id, the
        nanoseconds of its newest state, and the event's JSON as it was sent. At most
        8 MiB wait for this call; `tap_dropped` counts the rest.
        """
        return [] if self.intake.tap is None else self.intake.tap.all()

    def newest(self):
        """Return the newest event of each entity of which only that is wanted."""
        return [] if self.intake.tap is None else self.intake.tap.newest()

    def set_interest(self, uint32_t number, bint wanted, bint newest=False):
        """Say whether the events of an entity are wanted, or its newest; all are."""
        cdef int mark = (NEWEST if newest else WANTED) if wanted else UNWANTED
        if number and self.intake.tap is not None and not self.intake.tap.mark(number, mark):
            raise MemoryError

    def forget_interests(self):
        """Want the events of every entity again."""
        if self.intake.tap is not None:
            self.intake.tap.forget()

    @property
    def tap_dropped(self):
        """Events that were not collected because nobody fetched them."""
        return 0 if self.intake.tap is None else self.intake.tap.dropped

    # filter

    def set_filter(self, options):
        """Put `include`, `exclude` and `filter` of these options in force.

        Between two frames; what is known of the entities is kept, each is decided
        anew at its next event. ValueError names the bad key, then nothing changes.
        """
        given = Options.read(options)
        judge = Judge(given)
        before = self._options.filter
        now = given.filter
        self._encoder.use(
            judge,
            (before.attributes, before.of_domain) != (now.attributes, now.of_domain),
        )
        new = {"included": given.included, "excluded": given.excluded, "filter": now}
        self._options = replace(self._options, **new)

    def set_level(self, int level, long long now_ns=0):
        """Mind flaws: 0 no, 1 count them (without a time it is `now_ns`), 2 refuse."""
        self._encoder.level = level
        self._encoder.now_ns = now_ns

    @property
    def flaws(self):
        """Events that were accepted with a flaw, by reason."""
        return named(self._encoder.flaws)

    def explain(self, entity_id, tags=None, device_class=""):
        """Return the decision about an entity with these tags and this class."""
        accepted, rule, limit, by_class = self._encoder.judge.explain(
            entity_id.encode(), device_class.encode(), facts_of(tags)
        )
        return Decision(
            accepted,
            rule_name(rule, len(self._options.filter.exceptions)),
            f"limits[{limit - 1}]" if limit else "",
            by_class,
        )

    @property
    def filter_counts(self):
        """What the filter decided since it was set."""
        return counted(self._options.filter, *self._encoder.judge.totals())

    @property
    def counts(self):
        """How many events came, of which entities and domains."""
        return self._encoder.counts

    @property
    def buffered_points(self):
        """Lines that are not taken yet."""
        return sum(self.buffered_of(name) for name in self._options.schemas)

    def buffered_of(self, schema):
        """Return how many lines of a schema are not taken."""
        return self._ring_of(schema).count

    @property
    def buffered_bytes(self):
        """Bytes of the lines that are not taken yet."""
        return self.intake.held()

    @property
    def slow_events(self):
        """Values that took the slow path through Python."""
        return self._encoder.writer.fields.slow

    @property
    def remembered_bytes(self):
        """Bytes that are held to recognise the next states of entities, all schemas."""
        cdef size_t held = self._encoder.writer.memory.held
        if self._encoder.has_others:
            held += self._encoder.schemas.remembered_bytes
        return held

    @property
    def forgotten_states(self):
        """Last states of entities that were forgotten to keep to the memory limit."""
        return self._encoder.writer.memory.forgotten

    @property
    def schema_counts(self):
        """What the schemas beside `ha` met: odd durations, texts that were cut."""
        return self._encoder.schemas.counts() if self._encoder.has_others else {}
