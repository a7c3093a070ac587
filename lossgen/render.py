"""From modules to text: Jinja lays out, ruff formats."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence, Set
from functools import cache
from pathlib import Path

from jinja2 import (
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
)

from lossgen.backends import Backend
from lossgen.cache import cache_folder
from lossgen.faults import fault
from lossgen.functions import shared_functions
from lossgen.imports import Tidied, tidied
from lossgen.loss import Loss
from lossgen.module import make_module
from lossgen.prose import settle
from lossgen.registry import find
from lossgen.resources import templates_path

THIRD_PARTY = '["chainer", "jax", "mindspore", "numpy", "torch"]'
RUFF = ("--isolated", "--line-length=100", "--target-version=py311", "--no-cache", "--quiet")
LINT = (
    "--select=I,F401,UP",
    f"--config=lint.isort.known-third-party={THIRD_PARTY}",
    "--config=lint.isort.split-on-trailing-comma=false",
)
TEMPLATES = "templates"
TESTS = "test_values.py"
APART = ("loss.py.jinja", "__init__.py.jinja", f"{TESTS}.jinja")  # templates of other data
LOOSE = "loose.txt"  # a list of files, as ruff reads it
SPECS = "specs"  # what the folder of specs is called where nobody says
STYLE = "--config=format.skip-magic-trailing-comma=true"


def environment(*folders: Path) -> Environment:
    """Return the template environment; a user's folders come before lossgen's own."""
    loaders = [FileSystemLoader(folder) for folder in (*folders, templates_path())]
    return Environment(
        loader=ChoiceLoader(loaders),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        auto_reload=False,
        bytecode_cache=_compiled(),
    )


def _compiled() -> BytecodeCache | None:
    """Return where Jinja keeps compiled templates, each under what its text is."""
    folder = cache_folder()
    try:
        if folder is not None:
            (folder / TEMPLATES).mkdir(parents=True, exist_ok=True)
            return FileSystemBytecodeCache(str(folder / TEMPLATES))
    except OSError:  # without a cache they are compiled anew
        pass
    return None


@cache
def _templates(name: str) -> tuple[Backend, Environment]:
    backend = _backend(name)
    return backend, environment(*backend.templates)


def render_loss(loss: Loss, name: str, specs: str = SPECS) -> tuple[Tidied, tuple[str, ...]]:
    """Return the file of a loss in one package, not yet formatted, and the functions it calls.

    The first line says where the loss is declared in the folder of ``specs``, of this name. Only
    lossgen's own templates are known to hold nothing that ruff would mend.
    """
    backend, _ = _templates(name)
    page = _template(name, "loss.py.jinja")
    module = make_module(loss, backend)
    text, settled = tidied(settle(page.render(m=module, source=f"{specs}/{loss.source}")))
    return Tidied(text, settled and not backend.templates), module.functions


def render_shared(
    name: str, called: Set[str], exports: Sequence[tuple[str, str]], specs: str = SPECS
) -> dict[str, str]:
    """Return the files of a package that its losses share, not yet formatted.

    Args:
        name: the backend.
        called: the functions that the losses call.
        exports: the function and the class of each loss, in order.
        specs: what the folder of their specs is called.
    """
    backend, templates = _templates(name)
    functions = shared_functions(backend, called)
    helpers = sorted({helper for function in functions for helper in function.helpers})
    files = {}
    for path in sorted(templates.list_templates(extensions=["jinja"])):
        folder, _, file = path.partition("/")
        if folder == name and file not in APART:
            text = templates.get_template(path).render(
                functions=functions, helpers=helpers, source=f"templates/{path}"
            )
            files[file.removesuffix(".jinja")] = settle(text)
    page = _template(name, "__init__.py.jinja")
    files["__init__.py"] = settle(page.render(exports=exports, source=specs))
    return files


def render_tests(
    name: str, rows: Sequence[object], exports: Sequence[tuple[str, str]], specs: str = SPECS
) -> dict[str, str]:
    """Return the file that checks a package, formatted, if the backend has a template for it."""
    _, templates = _templates(name)
    file = f"{name}/{TESTS}.jinja"
    if file not in templates.list_templates(extensions=["jinja"]):
        return {}
    text = templates.get_template(file).render(
        rows=rows, names=sorted(word for pair in exports for word in pair), source=specs
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / TESTS
        path.write_text(settle(text), encoding="utf-8", newline="\n")
        format_files(folder)
        return {TESTS: path.read_text(encoding="utf-8")}


def _template(name: str, file: str) -> Template:
    try:
        return _templates(name)[1].get_template(f"{name}/{file}")
    except TemplateNotFound as missing:
        problem = f"the backend {name} has no template {missing.name}"
        raise fault(problem, "add it to a folder that its templates= names") from missing


def _backend(name: str) -> Backend:
    """Return a backend, which may come from somebody else's package."""
    try:
        backend = find(name)
    except Exception as error:  # importing may raise anything
        problem = f"the backend {name} cannot be loaded ({type(error).__name__}: {error})"
        raise fault(problem, "mend or remove the package that it comes from") from error
    if not isinstance(backend, Backend) or backend.name != name:
        problem = f"the entry point {name} leads to no Backend of that name"
        raise fault(problem, "mend or remove the package that it comes from")
    return backend


def format_files(folder: str, loose: Sequence[str] | None = None) -> None:
    """Sort imports and format, all files below a folder in one run.

    Args:
        folder: where they are.
        loose: the files in which there may be something to mend, or None for all.
    """
    listed = folder
    if loose is not None:
        listed = f"@{Path(folder) / LOOSE}"
        (Path(folder) / LOOSE).write_text("".join(f"{path}\n" for path in loose), encoding="utf-8")
    if loose != []:
        _ruff("check", "--fix", *LINT, listed, folder=folder)
    _ruff("format", STYLE, folder, folder=folder)


def _ruff(*command: str, folder: str) -> None:
    done = subprocess.run(
        (sys.executable, "-m", "ruff", *command, *RUFF),
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    if done.returncode:
        raise RuntimeError(f"ruff cannot format what was rendered:\n{done.stdout}{done.stderr}")


__all__ = [
    "TESTS",
    "environment",
    "format_files",
    "render_loss",
    "render_shared",
    "render_tests",
]
