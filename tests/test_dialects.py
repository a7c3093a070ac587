"""Dialects of losses that are declared on the spot: their defaults, as statements of a call."""

import pytest

from lossgen import Loss, dialect, parameter, tensor
from lossgen.module import make_module
from lossgen.registry import find

x = tensor("input")
FLAGS = {"log_input": True, "full": False}


@pytest.mark.parametrize(
    ("given", "statement"),
    [
        ({"full": True}, 'full = full or dialect == "keras"'),
        ({"log_input": False}, 'log_input = log_input and dialect != "keras"'),
        ({"delta": 2.0}, 'delta = 2.0 if dialect == "keras" and is_number(delta, 1.0) else delta'),
        ({"p": 3}, 'p = 3 if dialect == "keras" and p == 2 else p'),
    ],
    ids=lambda case: str(case) if isinstance(case, dict) else "",
)
def test_defaults_are_adopted(given, statement):
    flags = [parameter(name, default) for name, default in FLAGS.items()]
    value = parameter("delta", 1.0) * x ** parameter("p", 2) + sum(flags)
    loss = Loss("OneLoss", value, dialects={"keras": dialect(**given)})
    assert make_module(loss, find("numpy")).adoptions == (statement,)
