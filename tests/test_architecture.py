"""How the code stands: what may import what, and what generated code may depend on."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from declared import library

from lossgen.registry import names as backend_names

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 200

# The rooms of lossgen in the order of the pipeline: the modules of each, and the rooms it may use.
# A room uses only rooms above it, and of these only what is listed; the oracle, which judges the
# output, shares nothing with what derives and prints it.
ROOMS: dict[str, tuple[str, str]] = {
    "memory": ("memory", ""),
    "sentences": ("errors names", ""),
    "files": ("cache states resources toolkit watch", ""),
    "words": (
        "atoms axes elementwise places operations alike arguments callables declarations language "
        "verbatim conditions case variants dialects composition loss",
        "memory",
    ),
    "oracle": (
        "oracle oracle.after oracle.bind oracle.domain oracle.evaluate oracle.exponentials "
        "oracle.jets oracle.part oracle.question oracle.series oracle.settle oracle.sizing "
        "oracle.terms",
        "words",
    ),
    "proof": (
        "proof proof.point proof.space proof.settings proof.draws proof.sample proof.calls "
        "proof.shim proof.frameworks proof.runners proof.judge proof.budgets proof.exhibit "
        "proof.examine proof.store proof.shrink proof.blame proof.lock "
        "proof.modes proof.verify proof.tables",
        "sentences, words, oracle",
    ),
    "audit": (
        "audit audit.plan audit.conversions audit.target audit.runners audit.inputs audit.known "
        "audit.finding audit.compare audit.builtins audit.page audit.ask",
        "sentences, words, oracle, proof",
    ),
    "graphs": ("graph arithmetic reductions nodes rewrite", "memory"),
    "stable forms": (
        "bounds patterns axis_patterns square_patterns exponential_patterns rules",
        "memory, graphs",
    ),
    "derivatives": ("partials regions derive deltas diagonal", "memory, graphs, stable forms"),
    "programs": (
        "unknown meanings lower rows totals program compile plain",
        "memory, sentences, words, graphs, stable forms, derivatives",
    ),
    "specs": (
        "name_faults prose quote faults class_faults axis_faults dialect_faults formulas check "
        "source advice execute load",
        "memory, sentences, files, words, programs",
    ),
    "spelling": (
        "backends registry axis_composites near_composites power_composites composites "
        "descriptions expand lifetimes logistics matrices sparse upstreams layout products code "
        "page spelling axis_spelling sections pairs printer functions common contents "
        "signatures kernels apart work entries",
        "memory, sentences, words, graphs, stable forms, programs",
    ),
    "modules": (
        "shapes keywords unsaid options layers denominators chunks endings sharing cases "
        "mathematics module",
        "memory, words, programs, specs, spelling",
    ),
    "text": ("imports render", "files, words, specs, spelling, modules"),
    "commands": (
        "manifest texts reading plan write record current units workers jobs building locking "
        "folders verifying auditing testing terminal show catalogue cli __main__",
        "memory, sentences, files, words, proof, audit, programs, specs, spelling, modules, text",
    ),
}
# What a room needs from outside of Python; nothing needs a framework.
THIRD_PARTY = {
    "words": {"sympy"},
    "oracle": {"sympy", "mpmath", "numpy"},
    "proof": {"sympy", "mpmath", "numpy"},
    "audit": {"numpy"},
    "programs": {"sympy"},
    "specs": {"sympy"},
    "modules": {"sympy"},
    "text": {"jinja2"},
    "commands": {"sympy", "click", "rich", "filelock"},
}
LONG = {
    "axis_composites": "one function for each operation along an axis, to be read side by side",
    "audit.builtins": "records only, one for each loss of another library",
    "cli": "one function for each command, most of it their options",
    "backends": "records only, one for each framework, to be read side by side",
    "deltas": "one algebra, whose operations share the notation of terms",
    "diagonal": "one algorithm, a rule for each operation over an axis",
    "oracle.evaluate": "one branch for each word of a spec",
    "program": "one value, a case with all its derivatives",
    "rules": "one record for each rule, to be read side by side",
    "spelling": "one class, a method for each operation",
    "axis_spelling": "likewise",
    "shapes": "one class, the lines before a kernel in their order",
}
FRAMEWORKS = {
    "numpy": {"numpy"},
    "torch": {"torch"},
    "jax": {"jax", "numpy"},  # where values are at hand, JAX holds them as numpy's
    "mindspore": {"mindspore"},
    "chainer": {"chainer", "numpy"},
}


def modules() -> dict[str, Path]:
    """Return the modules of lossgen by their names inside the package."""
    found = {}
    for path in sorted((ROOT / "lossgen").rglob("*.py")):
        parts = path.relative_to(ROOT / "lossgen").with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        if name:
            found[name] = path
    return found


MODULES = modules()
ROOM_OF = {module: room for room, (listed, _) in ROOMS.items() for module in listed.split()}
GENERATED = sorted((ROOT / "generated").rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield what a file imports, wherever it does, as dotted names and levels."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            own = [f"{module}.{alias.name}".removeprefix("lossgen.") for alias in node.names]
            inner = [
                f"lossgen.{name}" for name in own if name in MODULES and module[:7] == "lossgen"
            ]
            yield from ((name, node.level) for name in inner or [module])


def used_modules(path: Path) -> set[str]:
    names = {name for name, _ in imports(path) if name.split(".")[0] == "lossgen"}
    return {name.partition(".")[2] for name in names}


class TestLossgen:
    def test_every_module_has_a_room(self) -> None:
        assert set(ROOM_OF) == set(MODULES)

    def test_rooms_use_only_what_stands_above_them(self) -> None:
        above: set[str] = set()
        for room, (_, listed) in ROOMS.items():
            assert {word for word in listed.split(", ") if word} <= above, room
            above.add(room)

    @pytest.mark.parametrize("name", MODULES)
    def test_imports_follow_the_rooms(self, name: str) -> None:
        room = ROOM_OF[name]
        allowed = {room, *ROOMS[room][1].split(", ")}
        wrong = {used for used in used_modules(MODULES[name]) if ROOM_OF.get(used) not in allowed}
        assert not wrong

    def test_no_imports_go_in_a_circle(self) -> None:
        graph = {name: used_modules(path) for name, path in MODULES.items()}
        TopologicalSorter(graph).prepare()  # raises CycleError

    @pytest.mark.parametrize("name", MODULES)
    def test_only_declared_packages_are_needed(self, name: str) -> None:
        allowed = {"lossgen", *sys.stdlib_module_names, *THIRD_PARTY.get(ROOM_OF[name], ())}
        assert {used.split(".")[0] for used, _ in imports(MODULES[name])} <= allowed

    @pytest.mark.parametrize("name", MODULES)
    def test_modules_are_short_or_have_a_reason(self, name: str) -> None:
        length = len(MODULES[name].read_text(encoding="utf-8").splitlines())
        assert (length > LONGEST) == (name in LONG), length

    def test_backends_and_templates_know_no_loss(self) -> None:
        names = [name for loss in library() for name in (loss.name, loss.function)]
        losses = re.compile(rf"\b({'|'.join(names)})\b")
        templates = sorted((ROOT / "templates").rglob("*.jinja"))
        assert len(templates) > 20
        for path in (ROOT / "lossgen" / "backends.py", *templates):
            assert not losses.search(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: "/".join(path.parts[-2:]))
class TestGenerated:
    def test_depends_on_its_framework_and_siblings_only(self, path: Path) -> None:
        for name, level in imports(path):
            if level:
                assert level == 1
                assert not name or (path.parent / f"{name}.py").is_file()
            else:
                allowed = FRAMEWORKS.get(path.parent.name, set()) | sys.stdlib_module_names
                assert name.split(".")[0] in allowed

    def test_gives_no_name_to_what_it_just_returns(self, path: Path) -> None:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            match function.body:
                case [*_, ast.Assign(targets=[target]), ast.Return(value=ast.expr() as value)]:
                    assert ast.unparse(target) != ast.unparse(value), function.name

    def test_silences_no_tool_and_names_no_place(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"noqa|type: ?ignore|fmt: ?(off|skip)|pylint|pragma", text)
        assert not re.search(r"""(?<![\w.:/)\]])/\w[\w.-]*/|\b[A-Za-z]:\\\w|[\\/]home[\\/]""", text)
        for place in (ROOT, Path.home()):
            assert place == Path("/") or str(place) not in text


def test_there_is_one_package_for_each_backend() -> None:
    assert {path.parent.name for path in GENERATED} == {"generated", *backend_names()}
    assert set(FRAMEWORKS) == set(backend_names())
