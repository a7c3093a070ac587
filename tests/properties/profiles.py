"""How many losses are drawn: some dozens, always the same, or thousands of new ones."""

import os

from hypothesis import HealthCheck, settings

# A loss takes a second: it is derived, printed for three frameworks and run in each.
COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("quick", max_examples=24, derandomize=True, database=None, **COMMON)
settings.register_profile("thorough", max_examples=2000, print_blob=True, **COMMON)


def load() -> None:
    """Take the profile that LOSSGEN_PROPERTIES names."""
    settings.load_profile(os.environ.get("LOSSGEN_PROPERTIES", "quick"))
