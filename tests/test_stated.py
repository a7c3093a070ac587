"""Each spec states source, domains, mean, emptiness and kinks, and what it states is so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
import sympy
from declared import library
from losses import CASES, LAYERED, LIBRARY, Case
from sympy.core.basic import Basic

import generated.numpy
from lossgen.language import Hinge, MaxOver, MinOver, Norm, PNorm, RaisedTo, Ref, Tensor
from lossgen.loss import Loss

SPECS = {loss.name: loss for loss in library()}
each = pytest.mark.parametrize("name", SPECS)
BUILTINS = re.compile(r"\n\n- ``.*", re.DOTALL)

# A name, and the year in which it wrote; or an honest word.
SOURCE = re.compile(r"[^\W\d_a-z][\w'-]+(?: et al\.)?(?:,? \(|, )(?:1[6-9]|20)\d\d\b")
OWN = "composition of our own"

# What an input may be, in numbers; and words that mean numbers (docs/conventions.md).
NUMBERS = re.compile(
    r"any numbers?|(?:above|at least|below|at most|from) -?\d|between -?\d|<="
    r"|-?\d or -?\d|1 (?:for|where) [^.]*(?:else|,) -?\d"
)
ANY = re.compile(r"(?i)\blogits?\b")
WORDS = re.compile(r"(?i)\b(?:logits?|(?:log-)?probabilities|cosines)\b")
KINKED = (
    sympy.Abs,
    sympy.sign,
    sympy.Max,
    sympy.Min,
    Hinge,
    RaisedTo,
    MaxOver,
    MinOver,
    Norm,
    PNorm,
)
SLOPE = re.compile(r"slope|gradient|kink|smooth|flat|zero vector|taken to be 0", re.IGNORECASE)
COUNTS = re.compile(r"that count|of the weights|are left|that are|ordered pairs of one class")
# One for each feature, which correlates with nothing.
OF_NOTHING = ("BarlowTwinsLoss",)
TAILS = 30.0


def text(loss: Loss) -> str:
    """Return the docstring as one line, without what it says of other libraries."""
    return " ".join(BUILTINS.sub("", loss.doc).split())


def sentences(loss: Loss) -> list[str]:
    return re.split(r"(?<=[.;]) ", text(loss))


def clauses(loss: Loss) -> list[str]:
    return re.split(r"(?<=[.;,]) ", text(loss))


def words(sentence: str) -> set[str]:
    """Return the words of a sentence, in the singular."""
    found = re.findall(r"[a-z][a-z_0-9-]+", sentence.lower())
    return {re.sub(r"(?<=[a-z])s$", "", word.removesuffix("es")) for word in found} | {
        re.sub(r"(?<=[a-z])s$", "", word) for word in found
    }


def inputs(loss: Loss) -> list[Tensor]:
    """Return the numbers that a call takes; of two with one name the one that says what it is."""
    floats = [tensor for tensor in loss.tensors() if tensor.kind == "float"]
    return [tensor for tensor in floats if tensor.doc]


def said_of(loss: Loss, tensor: Tensor) -> str | None:
    """Return where a spec says what an input may be, or None."""
    if NUMBERS.search(tensor.doc) or WORDS.search(tensor.doc):
        return tensor.doc
    own = words(tensor.doc) | {re.sub(r"\d$", "", tensor.name)}
    for sentence in (*clauses(loss), *sentences(loss)):
        said = words(sentence)
        if NUMBERS.search(sentence) and ("input" in said or own & said - COMMON):
            return sentence
    like = re.search(r"(?:as|of) `(\w+)`", tensor.doc)
    others = {each.name: each for each in inputs(loss)}
    return said_of(loss, others[like[1]]) if like and like[1] in others else None


COMMON = words("a of the an and or in at one each to is are with for any shape what number")


@each
def test_a_spec_cites_its_source(name: str) -> None:
    said = text(SPECS[name])
    assert SOURCE.search(said) or re.search(r"\((?:1[6-9]|20)\d\d\)", said) or OWN in said


@each
def test_a_spec_says_what_its_inputs_may_be(name: str) -> None:
    loss = SPECS[name]
    assert [tensor.name for tensor in inputs(loss) if said_of(loss, tensor) is None] == []


def plainest(cases: Iterable[Case]) -> Case:
    """Return the first case without weights, if there is one."""
    return min(cases, key=lambda case: any(map(np.ndim, case.options.values())))


EVERY = (*CASES, *LIBRARY)
FIRST = {
    name: plainest(case for case in EVERY if case.class_name == name)
    for name in {case.class_name for case in EVERY}
}
called = pytest.mark.parametrize("name", sorted(FIRST))


def of_numpy(name: str, reduction: str = "mean") -> Any:
    return getattr(generated.numpy, name)(reduction=reduction, **FIRST[name].options)


def test_every_loss_is_called() -> None:
    assert SPECS.keys() - FIRST.keys() == set(LAYERED)


@called
def test_any_numbers_are_any_numbers(name: str) -> None:
    loss, rng = SPECS[name], np.random.default_rng(0)
    order = list(dict.fromkeys(tensor.name for tensor in loss.tensors() if tensor.kind != "weight"))
    given = list(FIRST[name].inputs())
    for place, key in enumerate(order[: len(given)]):
        said = next((said_of(loss, t) or "" for t in inputs(loss) if t.name == key), "")
        if given[place].dtype.kind == "f" and ("any number" in said or ANY.search(said)):
            given[place] = TAILS * rng.standard_normal(given[place].shape)
    value, gradients = of_numpy(name).value_and_grad(*given)
    assert np.isfinite(value)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@called
def test_a_spec_says_what_the_loss_of_nothing_is(name: str) -> None:
    given = FIRST[name].inputs()
    options = {
        key: option[:0] if np.shape(option)[:1] == given[0].shape[:1] else option
        for key, option in FIRST[name].options.items()
    }
    loss = getattr(generated.numpy, name)(**options)
    found = float(loss(*(array[:0] for array in given)))
    said = text(SPECS[name])
    if np.isnan(found):
        assert "NaN" in said
    else:
        assert re.search(r"empty batch|no samples|[Oo]f none", said)
        assert name in OF_NOTHING or f"{found:g}" in said


@called
def test_a_spec_says_what_its_mean_divides_by(name: str) -> None:
    said, given = text(SPECS[name]), FIRST[name].inputs()
    if "none" not in SPECS[name].reductions():
        assert re.search(r"\bmean\b|nothing left to reduce", said)
        return
    single = of_numpy(name, "none")(*given)
    if np.ndim(single) == 0:
        assert re.search(r"one number|nothing left to reduce", said)
        return
    assert re.search(r"\bmean`*(?: is| that)*(?: the mean)? over\b", said)
    whole, mean = of_numpy(name, "sum")(*given), of_numpy(name)(*given)
    counted = float(whole / mean)
    if not np.isclose(counted, np.size(single)):
        assert COUNTS.search(said)


@each
def test_a_spec_says_what_its_slope_is_at_a_kink(name: str) -> None:
    loss = SPECS[name]
    kinks = [part for case in loss.all_cases() for part in case.value.atoms(*KINKED)]
    if any(_moves(part) for part in kinks):
        assert SLOPE.search(text(loss))


def _moves(part: Basic) -> bool:
    return any(ref.tensor.kind == "float" for ref in part.atoms(Ref))
