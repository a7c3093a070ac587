"""The page of what is found of other libraries' losses."""

from pathlib import Path

import pytest
from declared import library

from lossgen.audit.builtins import PLANS, known
from lossgen.catalogue import builtins

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
COMPARED = [(loss.name, name) for loss in library() for name in builtins(loss)]


@pytest.mark.parametrize(("loss", "name"), COMPARED, ids=[f"{a}-{b}" for a, b in COMPARED])
def test_what_specs_compare_with_is_audited(loss, name):
    plan = known(name, loss)
    assert plan is not None
    lines = [line for line in PAGE.splitlines() if f"`{plan}`" in line]
    assert any(f"`{loss}`" in line for line in lines)


def test_the_page_lists_every_plan_and_no_failure():
    for plan in PLANS:
        assert f"`{plan}`" in PAGE
    assert "Not run here" not in PAGE
