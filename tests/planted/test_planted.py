"""A sample of the planted faults is caught, and every entry of the registries has faults."""

from __future__ import annotations

import pytest
import registries
from catalogue import every_fault
from explained import EXPLAINED
from mutants import MODULES

from lossgen.composites import EXPANSIONS
from lossgen.partials import PARTIALS
from lossgen.rules import RULES

FAULTS = every_fault()
SEEN = [fault for fault in FAULTS if str(fault) not in EXPLAINED]
# `nox -s planted` runs them all: here some of each registry and one of each module.
SAMPLE = [
    *[fault for fault in registries.faults() if str(fault) not in EXPLAINED][::10],
    *(next(f for f in SEEN if f.room == name and f.where) for name in MODULES),
]
FLAT = {"sign"}  # its slope is 0 everywhere


@pytest.mark.parametrize("fault", SAMPLE, ids=str)
def test_a_planted_fault_is_caught(fault):
    assert fault.caught_by() is not None


def test_nothing_is_caught_where_nothing_is_planted():
    seen = {}
    for fault in FAULTS[::40]:
        name, test = next(iter(fault.tests()))
        seen.setdefault(name, test)
    for test in seen.values():
        test()


def test_every_entry_has_its_faults():
    entries = {fault.entry.partition(" by argument")[0] for fault in FAULTS}
    assert entries >= PARTIALS.keys() - FLAT
    assert entries >= {rule.name for rule in RULES}
    assert entries >= EXPANSIONS.keys()


def test_every_module_that_derives_has_faults():
    assert {fault.room for fault in FAULTS} >= set(MODULES)


def test_what_is_explained_is_planted():
    assert EXPLAINED.keys() <= {str(fault) for fault in FAULTS}


def test_no_two_faults_have_one_name():
    assert len({str(fault) for fault in FAULTS}) == len(FAULTS)
