"""Backends: records of how a framework spells each operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True)
class Backend:
    """How one framework writes array code.

    Attributes:
        name: the package's name below ``generated/``.
        operations: a format for each operation; ``{0}`` and so on are the operands, ``{axis}`` the
            axes of a reduction, ``{size}`` the length of an axis.
        axis_word: the keyword of an axis.
        keep_word: the keyword under which a reduction keeps its axis.
        kernels: which kernels a module needs.
        array: the annotation of an array, or None where the framework's own code has none.
        parameter: the annotation of a parameter that may be an array.
        public: the annotation of what callers give for an array, where that is wider.
        masks_inputs: invalid entries are made harmless before anything is computed, because the
            framework itself differentiates or transposes kernels.
        inexact: a format for constants that single precision cannot hold; ``{0}`` is the number
            and ``{like}`` an array.
        expand: a format for a new axis of size 1.
        number: a format for a number in a selection, ``{like}`` an array whose precision it has.
        detached: a format that takes an argument out of the framework's differentiation.
        scalar: a format that lets the framework's functions take a Python number.
        helpers: functions of the package's runtime that the formats call.
        intake: the first line of a public function: ``{names}`` are its inputs, ``{keywords}`` all
            its tensors as keywords.
    """

    name: str
    operations: Mapping[str, str]
    axis_word: str
    keep_word: str
    kernels: tuple[str, ...]
    array: str | None = None
    parameter: str | None = None
    public: str | None = None
    masks_inputs: bool = False
    inexact: str = "{0}"
    expand: str | None = None
    scalar: str = "{0}"
    number: str = "{0}"
    detached: str = "{0}"
    helpers: frozenset[str] = frozenset()
    intake: str = ""
    doubts: bool = False
    templates: tuple[Path, ...] = ()


def _operations(prefix: str, **others: str) -> Mapping[str, str]:
    names = ("exp", "expm1", "log", "log1p", "sqrt", "sign", "sin", "cos", "tanh", "sinh", "cosh")
    table = {name: f"{prefix}.{name}({{0}})" for name in names}
    table |= {
        "abs": f"{prefix}.abs({{0}})",
        "maximum": f"{prefix}.maximum({{0}}, {{1}})",
        "minimum": f"{prefix}.minimum({{0}}, {{1}})",
        "relu": f"{prefix}.maximum({{0}}, 0.0)",
        "exp_difference": "exp_difference({0}, {1})",
        "select": f"{prefix}.where({{0}}, {{1}}, {{2}})",
        "sum": "{0}.sum({axis})",
        "amax": "{0}.max({axis})",
        "amin": "{0}.min({axis})",
        "argmax": "{0}.argmax({axis})",
        "and": "({0} & {1})",
        "or": "({0} | {1})",
        "not": "~{0}",
        "position": f"{prefix}.arange({{size}})",
        "like": f"{prefix}.broadcast_to({{0}}, {{1}}.shape)",
        "full": f"{prefix}.full_like({{1}}, {{0}})",
        "pick": "pick({0}, {1}, {axis})",
        "amax_along": "max_along({0}, axis)",
        "argmax_along": "argmax_along({0}, axis)",
        "position_along": "positions({0}, axis)",
        "pick_along": f"{prefix}.take_along_axis({{0}}, {{1}}, axis)",
        "squeeze": f"{prefix}.squeeze({{0}}, axis)",
        "unsqueeze": f"{prefix}.expand_dims({{0}}, axis)",
        "matmul": "{0} @ {1}",
        "matrix_transpose": "{0}.T",
        "take": "{0}[{1}]",
        "batch": "{0}[None]",
        "count": "{0}.size",
        "einsum": f'{prefix}.einsum("{{spec}}", {{0}}, {{1}})',
        "atan": f"{prefix}.arctan({{0}})",
        "transpose": f"{prefix}.transpose({{0}}, {{permutation}})",
    }
    return MappingProxyType(table | others)


_NUMPY_OPERATIONS = {
    "sigmoid": "sigmoid({0})",
    "sum": "total({0}, {axis})",
}

NUMPY = Backend(
    name="numpy",
    operations=_operations("np", **_NUMPY_OPERATIONS),
    axis_word="axis",
    keep_word="keepdims",
    kernels=("value", "gradient", "hessian_diagonal"),
    array="Array",
    parameter="float",
    public="ArrayLike",
    intake="{names} = as_arrays({names})",
    helpers=frozenset(
        ("sigmoid", "pick", "total", "positions", "exp_difference", "max_along", "argmax_along")
    ),
)
CHAINER = Backend(
    name="chainer",
    operations=_operations("np", **_NUMPY_OPERATIONS),
    axis_word="axis",
    keep_word="keepdims",
    kernels=("value", "gradient", "tangent", "curvature"),
    detached="array_of({0})",
    helpers=frozenset(
        ("sigmoid", "pick", "total", "positions", "exp_difference", "max_along", "argmax_along")
    ),
)
TORCH = Backend(
    name="torch",
    operations=_operations(
        "torch",
        abs="{0}.abs()",
        sign="sign({0})",
        relu="{0}.clamp(min=0.0)",
        amax="{0}.amax({axis})",
        amin="{0}.amin({axis})",
        sigmoid="torch.sigmoid({0})",
        position="torch.arange({size}, device={like}.device)",
        like="{0}.expand_as({1})",
        count="{0}.numel()",
        atan="torch.atan({0})",
        transpose="{0}.permute({permutation})",
        pick_along="torch.take_along_dim({0}, {1}, axis)",
        squeeze="{0}.squeeze(axis)",
        unsqueeze="{0}.unsqueeze(axis)",
    ),
    axis_word="dim",
    keep_word="keepdim",
    kernels=("value", "gradient", "tangent", "curvature"),
    array="Tensor",
    parameter="Tensor | float",
    intake="check_device({keywords})",
    scalar="torch.as_tensor({0}, dtype=torch.float64)",
    number="torch.as_tensor({0}, dtype={like}.dtype)",
    doubts=True,
    helpers=frozenset(("pick", "sign", "positions", "exp_difference", "max_along", "argmax_along")),
)
JAX = Backend(
    name="jax",
    operations=_operations("jnp", sigmoid="jax.nn.sigmoid({0})"),
    axis_word="axis",
    keep_word="keepdims",
    kernels=("value", "partials", "tangent", "partials_tangent"),
    array="jax.Array",
    parameter="ArrayLike",
    public="ArrayLike",
    masks_inputs=True,
    doubts=True,
    intake="{names} = as_arrays({names})",
    helpers=frozenset(("pick", "positions", "exp_difference", "max_along", "argmax_along")),
)
MINDSPORE = Backend(
    name="mindspore",
    operations=_operations(
        "ops",
        sigmoid="ops.sigmoid({0})",
        relu="ops.maximum({0}, 0.0)",
        log1p="log1p({0})",
        expm1="expm1({0})",
        like="ops.broadcast_to({0}, {1}.shape)",
        full="ops.fill({1}.dtype, {1}.shape, {0})",
        position="count_up({size})",
        transpose="ops.transpose({0}, {permutation})",
        sum="total({0}, {axis})",
        sum_along="total_along({0}, axis)",
        matrix_transpose="ops.transpose({0}, (1, 0))",
        matmul="ops.matmul({0}, {1})",
        take="take({0}, {1})",
        pick_along="ops.gather_elements({0}, axis, {1})",
        squeeze="without_axis({0}, axis)",
        unsqueeze="ops.expand_dims({0}, axis)",
        batch="with_batch({0})",
    ),
    axis_word="axis",
    keep_word="keepdims",
    kernels=("value", "gradient", "tangent", "curvature"),
    doubts=True,
    inexact="constant({0}, {like})",
    expand="ops.expand_dims({0}, {place})",
    helpers=frozenset(
        (
            "pick",
            "positions",
            "constant",
            "log1p",
            "expm1",
            "argmax_along",
            "max_along",
            "exp_difference",
            "total",
            "total_along",
            "count_up",
            "take",
            "with_batch",
            "without_axis",
        )
    ),
)

_BUILT_IN = {backend.name: backend for backend in (NUMPY, TORCH, JAX, MINDSPORE, CHAINER)}


def registry() -> dict[str, Backend]:
    """Return all backends by name; others come as entry points of ``lossgen.backends``."""
    found = dict(_BUILT_IN)
    for entry in sorted(entry_points(group="lossgen.backends"), key=lambda entry: entry.name):
        found[entry.name] = entry.load()
    return found


def names() -> tuple[str, ...]:
    """Return the names of all backends, the built-in ones first."""
    return tuple(registry())
