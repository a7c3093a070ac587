"""When a case applies: the same answer by `holds` and by the Python that generated code runs."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from sympy import And, Eq, Gt, Not, Or, true
from sympy.core.basic import Basic

from lossgen import absent, function, parameter, tensor
from lossgen.callables import Called, chosen
from lossgen.conditions import ConditionError, as_python, holds, in_words, word
from lossgen.language import ParameterSymbol

flag, other = parameter("flag", False), parameter("other", True)
beta, gamma = parameter("beta", 1.0), parameter("gamma", 2.0)
power = parameter("power", 2, doc="a whole number")
alpha = parameter("alpha", None)
distance = ParameterSymbol(function("distance", {"near": abs, "far": abs}).parameter)

# A condition, the Python that decides it at the call, and how it takes part in a name.
CONDITIONS: dict[str, tuple[Basic, str, str]] = {
    "flag": (flag, "flag", "_flag"),
    "no flag": (~flag, "not flag", "_no_flag"),
    "absent": (absent(alpha), "alpha is None", "_no_alpha"),
    "given": (Not(absent(alpha)), "alpha is not None", "_no_no_alpha"),
    "number": (Eq(beta, 0), "is_number(beta, 0.0)", "_beta_0"),
    "number on the left": (Eq(0.5, gamma), "is_number(gamma, 0.5)", "_gamma_0_5"),
    "negative number": (Eq(beta, -1.5), "is_number(beta, -1.5)", "_beta_minus_1_5"),
    "whole number": (Eq(power, 3), "power == 3", "_power_3"),
    "both": (flag & Eq(beta, 0), "is_number(beta, 0.0) and flag", "_beta_0_flag"),
    "either": (flag | absent(alpha), "alpha is None or flag", "_no_alpha_flag"),
    "either of both": (
        (flag & other) | Eq(power, 3),
        "power == 3 or (flag and other)",
        "_power_3_flag_other",
    ),
    "both of either": (
        absent(alpha) & (flag | Eq(beta, 0)),
        "alpha is None and (is_number(beta, 0.0) or flag)",
        "_no_alpha_beta_0_flag",
    ),
    "not both": (~(flag & absent(alpha)), "not (alpha is None and flag)", "_no_no_alpha_flag"),
    "chosen": (chosen(distance, "far"), 'distance == "far"', "_far"),
    "called": (
        Called(distance),
        "distance is not None and not isinstance(distance, str)",
        "_called",
    ),
    "not called, and a flag": (
        flag & ~Called(distance),
        "flag and not (distance is not None and not isinstance(distance, str))",
        "_flag_no_called",
    ),
    "neither": (~(flag | other), "not (flag or other)", "_no_flag_other"),
}
VALUES: dict[str, tuple[Any, ...]] = {
    "flag": (False, True),
    "other": (False, True),
    "beta": (0.0, 0, -1.5, "a tensor"),
    "gamma": (0.5, 2.0),
    "power": (2, 3),
    "alpha": (None, 0.0),
    "distance": (None, "near", "far", abs),
}


def is_number(value: Any, number: float) -> bool:
    """The runtime's: a tensor equals no number."""
    return isinstance(value, int | float) and float(value) == number


@pytest.mark.parametrize("name", CONDITIONS)
def test_python_of_a_condition(name: str) -> None:
    condition, python, _ = CONDITIONS[name]
    assert as_python(condition) == python


@pytest.mark.parametrize("name", CONDITIONS)
def test_word_of_a_condition_makes_a_name(name: str) -> None:
    condition, _, expected = CONDITIONS[name]
    assert word(condition) == expected
    assert f"f{word(condition)}".isidentifier()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("flag", "``flag`` is True"),
        ("no flag", "``flag`` is False"),
        ("absent", "``alpha`` is None"),
        ("given", "``alpha`` is given"),
        ("negative number", "``beta`` is -1.5"),
        ("both", "``beta`` is 0 and ``flag`` is True"),
        ("both of either", "``alpha`` is None and (``beta`` is 0 or ``flag`` is True)"),
        ("not both", "not (``alpha`` is None and ``flag`` is True)"),
        ("chosen", "``distance`` is 'far'"),
        ("not called, and a flag", "``flag`` is True and not (``distance`` is callable)"),
    ],
)
def test_words_of_a_condition(name: str, words: str) -> None:
    condition, _, _ = CONDITIONS[name]
    assert in_words(condition) == words


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_means_what_its_python_does(name: str) -> None:
    condition, _, _ = CONDITIONS[name]
    python = as_python(condition)
    answers = set()
    for given in product(*VALUES.values()):
        values = dict(zip(VALUES, given, strict=True))
        answer = holds(condition, values)
        assert answer == bool(eval(python, {"is_number": is_number}, values)), values
        answers.add(answer)
    assert answers == {False, True}


def test_no_condition_always_holds() -> None:
    assert holds(None, {})
    assert holds(true, {})
    assert word(None) == ""


def test_conditions_of_one_loss_have_names_of_their_own() -> None:
    conditions = [condition for condition, _, _ in CONDITIONS.values()]
    words = [word(condition) for condition in conditions]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        (beta, "beta is no flag"),
        (Not(power), "power is no flag"),
        (absent(tensor("input")), "is no parameter"),
        (Eq(beta, gamma), "is no number"),
        (Gt(beta, 0), "is no parameter"),
        (Eq(tensor("input"), 0), "is no parameter"),
        (And(flag, Gt(beta, 0)), "is no parameter"),
        (Or(flag, beta), "beta is no flag"),
    ],
    ids=str,
)
def test_what_cannot_be_decided_at_the_call_is_an_error(condition: Basic, problem: str) -> None:
    values = dict.fromkeys(("flag", "beta", "gamma", "power"), False)
    for decide in (as_python, word, lambda when: holds(when, values)):
        with pytest.raises(ConditionError, match=problem):
            decide(condition)
