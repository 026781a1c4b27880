"""Rules over what is known of an entity: the first that matches is found.

A rule is some conditions that must all hold; a condition is some texts of which one
must be the fact. It does not know what a match means, nor where facts come from.
"""

from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from hiq._core.globs cimport Edges, Ends, Globs, look_at, next_fit
from hiq._core.span cimport Span, same, span
from hiq._core.texts cimport Texts

from hiq._core.filter_options import Key


cdef class Rules:
    """Built from a sequence of rules of the options."""

    # construction

    def __cinit__(self, rules):
        cdef size_t at = 0
        globs = []
        texts = []
        total = sum(len(rule.conditions) for rule in rules)
        self.count = len(rules)
        self._conditions = <Condition*> malloc((total + 1) * sizeof(Condition))
        self._starts = <size_t*> malloc((len(rules) + 1) * sizeof(size_t))
        self._asking = <int32_t*> malloc((len(rules) + 1) * sizeof(int32_t))
        if self._conditions == NULL or self._starts == NULL or self._asking == NULL:
            raise MemoryError
        for number, rule in enumerate(rules):
            self._starts[<size_t> number] = at
            for key, wanted in rule.conditions:
                into = globs if key == ENTITY_ID else texts
                self._conditions[at].key = key
                self._conditions[at].first = len(into)
                into += wanted
                self._conditions[at].last = len(into)
                if key == DEVICE_CLASS and (
                    not self._asking_count
                    or self._asking[self._asking_count - 1] != number
                ):
                    self._asking[self._asking_count] = number
                    self._asking_count += 1
                at += 1
        self._starts[<size_t> self.count] = at
        self.asks_class = self._asking_count > 0
        self._globs = Globs(globs)
        self._texts = Texts(texts)

    def __dealloc__(self):
        free(self._conditions)
        free(self._starts)
        free(self._asking)

    def find(self, facts):
        """Return the first rule for some facts, -1 if none, and if the class counts."""
        cdef Facts known
        cdef bint by_class = False
        cdef bytes text
        cdef int32_t found
        memset(&known, 0, sizeof(Facts))
        owned = []
        for name, fact in facts.items():
            text = fact.encode()
            owned.append(text)
            known.of[<size_t> Key[name.upper()].value] = span(
                <const uint8_t*> <char*> text, len(text)
            )
        found = self.first(&known, &by_class)
        return found, by_class

    # hot path

    cdef bint _holds(
        self, const Condition* condition, Span fact, const Edges* edges
    ) noexcept nogil:
        """Return whether one of the texts of a condition is the fact.

        `edges` are those of the entity id.
        """
        cdef uint32_t i
        cdef size_t start = 0
        cdef size_t end
        if condition.key == ENTITY_ID:
            start = next_fit(
                self._globs._ends, condition.first, condition.last, edges
            )
            while start < condition.last and not self._globs.matches(start, fact):
                start = next_fit(
                    self._globs._ends, start + 1, condition.last, edges
                )
            return start < condition.last
        if fact.length == 0:
            return False
        if condition.key != LABEL:
            for i in range(condition.first, condition.last):
                if same(self._texts.at(i), fact):
                    return True
            return False
        while start <= fact.length:     # labels are joined with bars
            end = start
            while end < fact.length and fact.at[end] != c"|":
                end += 1
            for i in range(condition.first, condition.last):
                if same(self._texts.at(i), span(fact.at + start, end - start)):
                    return True
            start = end + 1
        return False

    cdef int32_t first(self, const Facts* facts, bint* by_class) noexcept nogil:
        """Return the number of the first rule that matches, -1 if none does.

        `by_class` is set if another device class could lead to another answer.
        """
        cdef const Condition* condition
        cdef const Ends* ends = self._globs._ends
        cdef Edges edges
        cdef int32_t number
        cdef size_t i
        cdef bint asked
        cdef bint good
        look_at(facts.of[ENTITY_ID], &edges)
        for number in range(self.count):
            asked = False
            good = True
            for i in range(self._starts[number], self._starts[number + 1]):
                condition = &self._conditions[i]
                if condition.key == DEVICE_CLASS:
                    asked = True
                elif condition.key == ENTITY_ID and (
                    next_fit(ends, condition.first, condition.last, &edges)
                    == condition.last
                ):
                    break       # at a glance
                elif not self._holds(condition, facts.of[condition.key], &edges):
                    break
            else:
                if asked:
                    by_class[0] = True
                    for i in range(self._starts[number], self._starts[number + 1]):
                        condition = &self._conditions[i]
                        if condition.key == DEVICE_CLASS and not self._holds(
                            condition, facts.of[DEVICE_CLASS], &edges
                        ):
                            good = False
                if good:
                    return number
        return -1

    cdef int32_t first_of_class(
        self, const Facts* facts, int32_t before
    ) noexcept nogil:
        """Return what `first` does, where it was `before` with another class.

        Below 0: none was. Unless that rule asked for the class, it is still the first
        of those that do not, so only those that do are looked at.
        """
        cdef Edges edges
        cdef bint by_class = False
        cdef int32_t number
        cdef size_t i
        cdef int32_t n
        look_at(facts.of[ENTITY_ID], &edges)
        for n in range(self._asking_count):
            number = self._asking[n]
            if number == before:
                return self.first(facts, &by_class)
            if 0 <= before < number:
                break
            for i in range(self._starts[number], self._starts[number + 1]):
                if not self._holds(
                    &self._conditions[i], facts.of[self._conditions[i].key], &edges
                ):
                    break
            else:
                return number
        return before
