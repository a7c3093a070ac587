"""A sixth backend, after the steps of CONTRIBUTING.md: losses in nothing but Python.

It has no second derivatives, one precision and no speed, but the same names and numbers.
"""

from pathlib import Path

from lossgen.backends import Backend, operations

TOY = Backend(
    name="toy",
    operations=operations(
        "ops",
        abs="abs({0})",
        sigmoid="ops.sigmoid({0})",
        sum="ops.total({0}, {axis})",
        amax="ops.largest({0}, {axis})",
        amin="ops.smallest({0}, {axis})",
        argmax="ops.place({0}, {axis})",
        transpose="ops.permute({0}, {permutation})",
        matmul='ops.einsum("ab,bc->ac", {0}, {1})',
        matrix_transpose="ops.permute({0}, (1, 0))",
        take="ops.take({0}, {1})",
        batch="ops.expand_dims({0}, 0)",
    ),
    axis_word="axis",
    keep_word="keep",
    kernels=("value", "gradient"),
    array="Array",
    parameter="float",
    public="Nested",
    scalar="ops.asarray({0})",
    expand="ops.expand_dims({0}, {place})",
    intake="{names} = as_arrays({names})",
    helpers=frozenset(("pick", "positions", "exp_difference", "max_along", "argmax_along")),
    templates=(Path(__file__).parent / "templates",),
)
