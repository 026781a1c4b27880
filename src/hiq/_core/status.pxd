# What became of a frame, an event or a step. `status.py` names the same values.

cdef enum Status:
    OK = 0
    # no point by rule
    SKIPPED = 1
    FILTERED = 2
    DUPLICATE = 3
    # the whole frame
    BAD_JSON = 10
    BAD_UTF8 = 11
    TOO_DEEP = 12
    TOO_LARGE = 13
    # one event
    NOT_AN_OBJECT = 20
    NO_EVENT_TYPE = 21
    BAD_DATA = 22
    BAD_ENTITY_ID = 23
    NO_NEW_STATE = 24
    NOT_ENCODABLE = 25
    BAD_TIME = 26
    BAD_CONTEXT = 27
    BAD_OLD_STATE = 28
    STATE_TOO_LONG = 29
    # ours
    NO_MEMORY = 40
