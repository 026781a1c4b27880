"""Which entities become points: Home Assistant's six cases of include and exclude.

The decision depends on the entity id alone, so it is taken once per entity. Source:
`homeassistant.helpers.entityfilter`.
"""

from hiq._core.globs cimport Globs
from hiq._core.names cimport Names
from hiq._core.span cimport Span, hash_of, span


cdef class Lists:
    """Entities, domains and globs of one side; entity ids come in lower case."""

    # construction

    def __cinit__(self, entities, domains, globs):
        self._entities = Names(dict.fromkeys(entities, 0))
        self._domains = Names(dict.fromkeys(domains, 0))
        self._globs = Globs(globs)

    # hot path

    cdef bint has_entity(self, Span entity_id) noexcept nogil:
        """Return whether the entity is listed."""
        return self._entities.count and (
            self._entities.find(entity_id, hash_of(entity_id)) >= 0
        )

    cdef bint has_domain(self, Span domain) noexcept nogil:
        """Return whether the domain is listed."""
        return self._domains.count and self._domains.find(domain, hash_of(domain)) >= 0

    cdef bint has_glob(self, Span entity_id) noexcept nogil:
        """Return whether a glob matches the whole entity id."""
        return self._globs.any(entity_id)


cdef class Filter:
    """Built from two `FilterLists` of the options."""

    # construction

    def __cinit__(self, allowed, denied):
        self._include = Lists(allowed.entities, allowed.domains, allowed.globs)
        self._exclude = Lists(denied.entities, denied.domains, denied.globs)
        self.case = case_of(allowed, denied)

    def decide(self, str entity_id):
        """Return whether the events of an entity become points."""
        cdef bytes text = entity_id.encode()
        cdef bytes domain = text.partition(b".")[0]
        return self.accepts(
            span(<const unsigned char*> <char*> text, len(text)),
            span(<const unsigned char*> <char*> domain, len(domain)),
        )

    # hot path

    cdef bint accepts(self, Span entity_id, Span domain) noexcept nogil:
        """Apply the rule of the case; the first line that applies decides."""
        if self.case == 1:
            return True
        if self.case == 2:
            return (
                self._include.has_entity(entity_id)
                or self._include.has_domain(domain)
                or self._include.has_glob(entity_id)
            )
        if self.case == 3:
            return not (
                self._exclude.has_entity(entity_id)
                or self._exclude.has_domain(domain)
                or self._exclude.has_glob(entity_id)
            )
        if self._include.has_entity(entity_id):
            return True
        if self.case == 4:   # excluded domains have no effect
            if self._exclude.has_entity(entity_id):
                return False
            if self._include.has_glob(entity_id):
                return True
            if self._exclude.has_glob(entity_id):
                return False
            return self._include.has_domain(domain)
        if self.case == 5:
            return not (
                self._exclude.has_entity(entity_id)
                or self._exclude.has_glob(entity_id)
                or self._exclude.has_domain(domain)
            )
        return False         # case 6: the exclude side has no effect


def case_of(allowed, denied):
    """Return which of the six cases applies: only which lists are empty counts."""
    if not allowed and not denied:
        return 1
    if not denied:
        return 2
    if not allowed:
        return 3
    if allowed.domains or allowed.globs:
        return 4
    if denied.domains or denied.globs:
        return 5
    return 6
