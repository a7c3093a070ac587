"""Imports are brought into order as ruff would bring them, so that it finds nothing to mend."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from declared import library

from lossgen.imports import tidied
from lossgen.registry import names
from lossgen.render import LINT, RUFF, render_loss

USES = '__all__ = ["f"]\n\n\ndef f(x: Tensor) -> Tensor:\n    return {}\n'
MODULES = {
    "nothing to do": "import math\n\n" + USES.format("Tensor(math.pi)"),
    "unused": (
        "import math\nfrom typing import Any, Literal\n\nimport jax.numpy as jnp\nimport torch\n"
        "from torch import Tensor, nn\n\nfrom ._checks import check_rank, check_shape\n\n"
        + USES.format("check_shape(x)")
    ),
    "all unused": "import math\n\nfrom ._checks import check_rank\n\n\nx = 1\n",
    "out of order": (
        "from ._runtime import finish, Loss, EPSILON, as_arrays\nimport numpy as np\nimport jax\n"
        "from ._autograd import differentiable\nfrom torch import Tensor\nimport math\n\n"
        + USES.format("finish(Loss, EPSILON, as_arrays, np, jax, differentiable, math, Tensor)")
    ),
    "too long for a line": (
        "from torch import Tensor\n\nfrom ._checks import check_device, check_dialect, "
        "check_floating, check_positive, check_reduction, check_shape\n\n"
        + USES.format(
            "check_device, check_dialect, check_floating, check_positive, check_reduction, "
            "check_shape"
        )
    ),
    "just not too long": (
        "from ._runtime import Loss, finish, same_weight, select, sign, to_working, within, "
        "working_dtype\n\n"
        + USES.format("Loss, finish, same_weight, select, sign, to_working, within, working_dtype")
    ),
    "said twice": (
        "from ._checks import check_rank, check_shape, check_rank\n\n"
        + USES.format("check_rank, check_shape")
    ),
    "mentioned in a docstring": (
        'r"""Summary.\n\nfrom typing import Any\n\n.. math::\n    x\n"""\n\nimport math\n'
        'from typing import Any\n\n\ndef f(x: "Any") -> None:\n    """Compute math."""\n'
    ),
    "of the future": "from __future__ import annotations\n\nimport math\n\nx: int = 1\n",
}
LEFT = {
    "a comment": "import math  # for pi\nfrom ._checks import b, a\n\nx = a, b\n",
    "a module that is imported from twice": (
        "from ._checks import b\nfrom ._checks import a\n\nx = a, b\n"
    ),
    "parentheses": "import math\nfrom ._checks import (\n    a,\n)\n\nx = a\n",
    "no imports": '"""Summary."""\n\nx = 1\n',
}


def by_ruff(source: str, *command: str) -> str:
    """Return a module as ruff leaves it."""
    words = (sys.executable, "-m", "ruff", *command, *RUFF, "-")
    return subprocess.run(words, input=source, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("source", [pytest.param(s, id=name) for name, s in MODULES.items()])
def test_imports_stand_as_ruff_would_put_them(source: str) -> None:
    found, mended = tidied(source).text, by_ruff(source, "check", "--fix", *LINT)
    assert by_ruff(found, "check", "--fix", *LINT) == found
    assert by_ruff(found, "format") == by_ruff(mended, "format")


@pytest.mark.parametrize("source", [pytest.param(s, id=name) for name, s in LEFT.items()])
def test_what_is_not_plain_is_left_to_ruff(source: str) -> None:
    assert tidied(source) == (source, "import" not in source)


UNSURE = {
    "a comment": "import math\n\n\ndef f(x):\n    return x  # math\n",
    "a text": 'import math\n\n\ndef f(x):\n    return x + "math"\n',
    "a formatted text": 'import math\n\n\ndef f(x):\n    return f"{math.pi}"\n',
    "parentheses": "def f(x):\n    return ((x)).T\n",
}


@pytest.mark.parametrize("source", [pytest.param(s, id=name) for name, s in UNSURE.items()])
def test_where_ruff_may_find_something_it_looks(source: str) -> None:
    assert not tidied(source).settled


@pytest.mark.parametrize("name", names())
def test_ruff_mends_nothing_where_it_does_not_look(name: str, tmp_path: Path) -> None:
    for loss in library():
        (text, settled), _ = render_loss(loss, name)
        if settled:
            (tmp_path / f"_{loss.function}.py").write_text(text)
    assert len(list(tmp_path.iterdir())) > 30
    words = (sys.executable, "-m", "ruff", "check", *LINT, *RUFF, str(tmp_path))
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout
