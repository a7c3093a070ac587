"""What specs say of other libraries' losses of a name, checked against these libraries."""

import importlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
from declared import library
from derivatives import floating
from gradients import BACKENDS
from libraries import LIBRARIES
from losses import CASES, LIBRARY, RELATIONS, Case
from losses.relation import Relation
from namesakes import NAMESAKES

import generated.numpy
from lossgen.catalogue import builtins

SPECS = library()
BY_ID = {case.id: case for case in (*CASES, *LIBRARY)}
# The libraries compute in float32, as they do by default: a hundred roundings of it.
CLOSE = 100 * np.finfo(np.float32).eps


def inputs_of(case: Case) -> list[np.ndarray]:
    """Return the inputs in single precision, for us and for them."""
    return [x.astype(np.float32) if x.dtype.kind == "f" else x for x in case.inputs()]


def our_case(relation: Relation) -> Case:
    """Return the case, with what the relation adds to its options."""
    case = BY_ID[relation.case]
    dialect = {"dialect": relation.dialect} if relation.dialect else {}
    options = case.options | relation.options | dialect
    return replace(case, options=options, draw=relation.draw or case.draw)


@cache
def theirs(which: int, reduction: str) -> tuple[np.ndarray, ...]:
    """Return the value and the gradients that the library has."""
    relation = RELATIONS[which]
    function = partial(relation.call, importlib.import_module(relation.library))
    if relation.reductions:
        function = partial(function, reduction=relation.reductions[reduction])
    inputs = inputs_of(our_case(relation))
    return LIBRARIES[relation.library](function, inputs, relation.by)


def assert_same(got: tuple, right: tuple) -> None:
    """Compare values and gradients, each relative to its largest entry."""
    for mine, expected in zip(got, right, strict=True):
        assert np.shape(mine) == np.shape(expected)
        largest = np.abs(expected).max(initial=0.0)
        np.testing.assert_allclose(mine, expected, rtol=CLOSE, atol=CLOSE * largest)


def words(which: int, backend: str) -> list[str]:
    """Return the reductions to run: where compiling takes time, all of them once for a dialect."""
    relation, found = RELATIONS[which], list(RELATIONS[which].reductions or ("mean",))
    before = [(our_case(r).class_name, r.dialect) for r in RELATIONS[:which]]
    again = (our_case(relation).class_name, relation.dialect) in before
    return found[-2:-1] or found if again and backend in ("jax", "mindspore") else found


def each(backends: Sequence[str], *, in_dialect: bool) -> pytest.MarkDecorator:
    """Run relations in each reduction and backend."""
    runs = [
        (k, word, backend)
        for k, relation in enumerate(RELATIONS)
        for backend in backends
        for word in words(k, backend)
        if bool(relation.dialect) == in_dialect
    ]
    names = [f"{RELATIONS[k]}-{word}-{backend}" for k, word, backend in runs]
    return pytest.mark.parametrize(("which", "reduction", "backend"), runs, ids=names)


@each(["numpy"], in_dialect=False)
def test_the_stated_relation_holds(which, reduction, backend):
    relation, case = RELATIONS[which], our_case(RELATIONS[which])
    loss = getattr(generated.numpy, case.class_name)(reduction=reduction, **case.options)
    value, gradients = loss.value_and_grad(*case.inputs(), **relation.given)
    found = dict(zip(floating(case.inputs()), gradients, strict=True))
    assert_same((value, *(found[k] for k in relation.by)), theirs(which, reduction))


@each(list(BACKENDS), in_dialect=True)
def test_a_dialect_has_the_numbers_of_its_library(which, reduction, backend):
    case, given = our_case(RELATIONS[which]), RELATIONS[which].given
    ours = BACKENDS[backend](case, reduction, tuple(inputs_of(case)), **given)
    assert_same(ours, theirs(which, reduction))


COMPARED = [(loss.name, name) for loss in SPECS for name in builtins(loss)]


@pytest.mark.parametrize(("loss", "name"), COMPARED, ids=[f"{a}-{b}" for a, b in COMPARED])
def test_what_a_docstring_compares_with_is_run(loss, name):
    """That of torch with the very name of the loss is run by test_namesakes.py."""
    run = {relation.builtin for relation in RELATIONS if our_case(relation).class_name == loss}
    assert name in run or (loss in NAMESAKES and name == f"torch.nn.{loss}")


@pytest.mark.parametrize("name", sorted({name for _, name in COMPARED}))
def test_what_a_docstring_compares_with_exists(name):
    library, *path = name.split(".")
    found = importlib.import_module(library)
    for word in path:
        found = getattr(found, word)
    assert callable(found)


def test_mindspores_root_has_no_slope_at_0():
    """RMSELoss: ours is 0 there."""
    same = np.ones(3, np.float32)
    nn = importlib.import_module("mindspore.nn")
    _, slope = LIBRARIES["mindspore"](lambda x, t: nn.RMSELoss()(x, t), [same, same], (0,))
    assert not np.isfinite(slope).any()
    _, (ours, _) = generated.numpy.RMSELoss().value_and_grad(same, same)
    assert not ours.any()


def test_mindspores_least_variance_has_no_gradient():
    """GaussianNLLLoss: ours and torch's passes straight through."""
    x, var = np.array([1.0, 2.0], np.float32), np.zeros(2, np.float32)
    modules = {name: importlib.import_module(f"{name}.nn") for name in ("mindspore", "torch")}
    theirs, torchs = (
        LIBRARIES[name](
            lambda x, v, nn=nn: nn.GaussianNLLLoss(eps=0.5)(x, 0 * x, v), [x, var], (1,)
        )
        for name, nn in modules.items()
    )
    value, gradients = generated.numpy.GaussianNLLLoss(eps=0.5).value_and_grad(x, 0 * x, var)
    assert_same((value, gradients[2]), torchs)
    np.testing.assert_allclose(value, theirs[0], rtol=CLOSE)
    assert not theirs[1].any()


CALLED = [(our_case(relation).class_name, relation.builtin) for relation in RELATIONS]
DIALECTS = [(loss.name, word) for loss in SPECS for word, _ in loss.dialects]


@pytest.mark.parametrize(("loss", "name"), sorted(set(CALLED)), ids=lambda word: word)
def test_what_is_run_stands_in_the_docstring(loss, name):
    assert (loss, name) in COMPARED


@pytest.mark.parametrize(("loss", "word"), DIALECTS, ids=lambda word: word)
def test_each_dialect_is_run(loss, word):
    assert any(our_case(r).class_name == loss and r.dialect == word for r in RELATIONS)
