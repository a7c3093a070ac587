"""What the documents show is so: specs have no faults, code is what is written, links lead on."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from declared import library

from lossgen.building import Order, build
from lossgen.catalogue import catalogue
from lossgen.jobs import load

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
PAGES += [ROOT / "specs" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^( *)```python\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def blocks(page: Path) -> list[str]:
    """Return the Python of a page."""
    return [textwrap.dedent(found[2]) for found in BLOCK.finditer(page.read_text(encoding="utf-8"))]


SPECS = [
    pytest.param(block, id=f"{page.parent.name}-{page.stem}-{k}")
    for page in PAGES
    for k, block in enumerate(blocks(page))
    if block.startswith('"""')
]


@pytest.mark.parametrize("spec", SPECS)
def test_specs_have_no_faults(spec: str, tmp_path: Path) -> None:
    (tmp_path / "spec.py").write_text(spec, encoding="utf-8")
    assert len(load(tmp_path)) == 1


def test_there_are_specs() -> None:
    assert len(SPECS) >= 5


def test_the_readme_shows_what_is_written(tmp_path: Path) -> None:
    spec, code, *_ = blocks(ROOT / "README.md")
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "huber.py").write_text(spec, encoding="utf-8")
    build(Order(tmp_path / "specs", tmp_path / "out", ("torch",)), print)
    assert code.strip() in (tmp_path / "out" / "torch" / "_huber_loss.py").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_table_of_losses_is_made_from_the_specs() -> None:
    page = (ROOT / "docs" / "losses.md").read_text(encoding="utf-8")
    assert page == catalogue(library()), "write lossgen list --markdown > docs/losses.md"
