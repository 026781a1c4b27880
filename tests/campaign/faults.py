"""All faults: each is done to the ground, and leaves it so that it can recover.

A fault is a function of the ground and a random generator; it returns a few words
about what it did. What a fault needs and is not there raises `Unavailable`.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.campaign.database_faults import DATABASE_FAULTS
from tests.campaign.ground import Ground
from tests.campaign.hiq_faults import HIQ_FAULTS
from tests.campaign.home_faults import HOME_FAULTS

__all__ = ["FAULTS", "Fault"]

Fault = Callable[[Ground, Random], str]

FAULTS: dict[str, Fault] = {**HIQ_FAULTS, **DATABASE_FAULTS, **HOME_FAULTS}
