"""Random losses through the whole pipeline: NumPy, PyTorch and JAX against oracle and autograd.

`nox -s properties` draws thousands; what it finds becomes a case of `test_found`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import jax
import profiles
from examine import LARGE, RUNS, Examination
from grammar import Drawn, losses
from hypothesis import assume, given
from sympy import loggamma, tanh
from worlds import PARAMETERS, numbers

from lossgen.compile import compile_case, forget

profiles.load()


EXAMINED = count(1)
# What lossgen and JAX remember of losses that do not come again would fill the memory.
REMEMBERED = 200


def examination(drawn: Drawn) -> Examination:
    """Return a drawn loss with its numbers, if naive forms of it keep their digits there."""
    if next(EXAMINED) % REMEMBERED == 0:
        forget()
        jax.clear_caches()
    counted = drawn.loss.cases[0].valid is not None
    arrays = numbers(drawn.world, drawn.seed, ties=drawn.ties, ignoring=counted)
    parameters = {symbol.name: symbol.parameter.default for symbol in PARAMETERS}
    examined = Examination(drawn.loss, drawn.world, arrays, parameters, drawn.reduction)
    assume(examined.largest < LARGE)
    return examined


@given(losses())
def test_what_is_emitted_agrees_with_exact_arithmetic(drawn: Drawn) -> None:
    # max(0, z) + log(1 + exp(-|z|)) has two kinks that are none together, and then no policy.
    (case,) = drawn.loss.cases
    rules = {rule.name for rule in compile_case(drawn.loss, case).rules}
    assume(not (drawn.ties and "folded softplus" in rules))
    here = examination(drawn)
    faults = [f"{backend}: {fault}" for backend in RUNS for fault in here.faults(backend)]
    assert not faults, "\n".join([str(drawn.loss), *faults])


@given(losses())
def test_the_oracle_agrees_with_autograd(drawn: Drawn) -> None:
    assume(not drawn.ties)  # at kinks autograd has a policy of its own
    # PyTorch errs by thousands of units beside the roots of loggamma at 1 and 2; its slope of tanh,
    # 1 - tanh**2, has few digits left where that is nearly 1.
    assume(not drawn.loss.cases[0].value.has(loggamma, tanh))
    here = examination(replace(drawn, reduction="none"))
    faults = list(here.autograd_faults())
    assert not faults, "\n".join([str(drawn.loss), *faults])
