"""Every loss in every backend against exact arithmetic, in units in the last place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from exhibits import exhibits, runner
from inputs import SWEEPS

from lossgen.proof.budgets import fault
from lossgen.proof.examine import examine, quantities

BACKENDS = ("numpy", "torch", "jax", "chainer", "mindspore")
DTYPES = ("float32", "float64")


def _cases() -> Iterator[object]:
    for loss, backend, dtype in product(SWEEPS, BACKENDS, DTYPES):
        for quantity in quantities(backend):
            known = fault(loss, backend, dtype, quantity)
            marks = () if known is None else pytest.mark.xfail(reason=known, strict=True)
            name = f"{loss}-{backend}-{dtype}-{quantity}"
            yield pytest.param(loss, backend, dtype, quantity, id=name, marks=marks)


@pytest.mark.parametrize(("loss", "backend", "dtype", "quantity"), _cases())
def test_it_is_exact_to_the_last_places(loss, backend, dtype, quantity, record_property):
    worst, faults = 0.0, []
    for exhibit in exhibits(loss, dtype):
        for found in examine(exhibit, runner(backend), backend, dtype, quantity):
            worst = max(worst, found.error)
            if found.fails:
                faults.append(str(found))
    record_property("ulp", worst)
    assert not faults, "\n".join(faults)
