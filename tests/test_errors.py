"""The sentences: each is tested word for word, as it is what a user has."""

from __future__ import annotations

import copy
import pickle
import traceback
from dataclasses import FrozenInstanceError

import pytest

from lossgen.errors import (
    FaultySpecsError,
    HandEditedError,
    LockedError,
    LossgenError,
    OutputError,
    SpecError,
)

WHOLE = SpecError(
    file="regression/huber.py",
    loss="HuberLoss",
    line=7,
    expression="besselj(1, input[n] - target[n])",
    problem="unknown function besselj",
    remedy="write it with exp and log",
)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            WHOLE,
            "regression/huber.py:7, HuberLoss: unknown function besselj in "
            "`besselj(1, input[n] - target[n])`; write it with exp and log.",
        ),
        (
            SpecError(
                file="a.py", problem="declares no loss", remedy="bind a Loss(...) to a name."
            ),
            "a.py: declares no loss; bind a Loss(...) to a name.",
        ),
        (
            SpecError(file="a.py", line=3, problem="raises ValueError: no."),
            "a.py:3: raises ValueError: no.",
        ),
        (SpecError(loss="ALoss", problem="has no value"), "ALoss: has no value."),
        (SpecError(problem="has no value"), "has no value."),
        (
            SpecError(problem="is odd", expression="Matrix([\n  [1,   2]])"),
            "is odd in `Matrix([ [1, 2]])`.",
        ),
        (
            FaultySpecsError(
                (SpecError(file="a.py", problem="b"), SpecError(file="c.py", problem="d"))
            ),
            "a.py: b.\nc.py: d.",
        ),
        (
            OutputError("generated", "cannot be written", "choose another folder"),
            "generated cannot be written; choose another folder.",
        ),
        (
            LockedError("generated"),
            "generated is being written by another build; wait for its end and build again.",
        ),
        (
            HandEditedError(
                (("g/a.py", "was edited by hand"), ("g/b.py", "was not written by lossgen"))
            ),
            "g/a.py was edited by hand\ng/b.py was not written by lossgen\n"
            "Nothing was written: move what you want to keep (an edit belongs in the spec or in a "
            "template), or write over it with --force.",
        ),
    ],
)
def test_sentence(error: LossgenError, sentence: str) -> None:
    assert str(error) == sentence
    assert str(pickle.loads(pickle.dumps(error))) == sentence


def test_a_long_expression_is_cut() -> None:
    error = SpecError(problem="is odd", expression="x + " * 100)
    assert str(error).endswith("x +  ...`.")
    assert len(str(error)) < 250


def test_a_sentence_is_one_line_that_a_terminal_only_shows() -> None:
    error = SpecError(loss="A\nB", problem="raises\tE: \x1b[31mred\r\n\u202e")
    assert str(error) == "A B: raises E: \\x1b[31mred  \\u202e."


class TestSpecError:
    def test_is_a_value(self) -> None:
        again = pickle.loads(pickle.dumps(WHOLE))
        assert again == WHOLE == copy.deepcopy(WHOLE)
        assert len({again, WHOLE}) == 1
        assert SpecError(problem=WHOLE.problem) != WHOLE

    def test_its_fields_cannot_be_set(self) -> None:
        with pytest.raises(FrozenInstanceError, match="cannot assign to field 'loss'"):
            WHOLE.loss = "Other"

    def test_is_raised_with_traceback_and_cause(self) -> None:
        cause = ValueError("why")
        with pytest.raises(SpecError) as caught:
            raise WHOLE.at() from cause
        assert caught.value.__cause__ is cause
        caught.value.__traceback__ = None
        assert "unknown function" in "".join(traceback.format_exception(caught.value))

    def test_at_fills_in_what_was_not_known(self) -> None:
        found = SpecError(problem="p", line=3)
        placed = SpecError(file="a.py", loss="ALoss", line=3, problem="p")
        assert found.at(file="a.py", loss="ALoss", line=4) == placed
        assert WHOLE.at(file="b.py", loss="BLoss", line=1) == WHOLE
