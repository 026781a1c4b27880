from hiq._core.judge import Judge
from hiq._core.options import Options, Plan

class Encoder:
    """One event to one line."""

    def __init__(self, options: Options, plan: Plan) -> None: ...
    def use(self, judge: Judge, new_lists: bool) -> None: ...
