"""What a build remembers: nothing is built twice, and whatever has changed is built anew."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import lossgen.toolkit
from lossgen import building
from lossgen.building import Order, Result, build
from lossgen.cache import cache_folder
from lossgen.errors import LossgenError
from lossgen.jobs import Rendered
from lossgen.manifest import JOURNAL, MANIFEST, TEMPORARY
from lossgen.record import place

ROOT = Path(__file__).resolve().parent.parent
SPEC = '''"""A squared error."""
from lossgen import Loss, tensor
{lines}
x, t = tensor("input"), tensor("target")
loss = Loss("{name}Loss", (x - t) ** 2 * {number})
'''
BACKENDS = ("numpy", "jax")
EARLIER = 3600 * 10**9


@dataclass(frozen=True)
class Tree:
    """Three specs, one of which imports a number and one of which reads it from a file."""

    home: Path

    @property
    def specs(self) -> Path:
        return self.home / "specs"

    @property
    def out(self) -> Path:
        return self.home / "generated"

    def put(self, path: str, text: str) -> None:
        """Write a file with a time stamp that is old enough to be trusted."""
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def spec(self, name: str, number: object = 1, lines: str = "") -> None:
        text = SPEC.format(name=name.title(), number=number, lines=lines)
        self.put(f"specs/{name}.py", text)

    def build(self, *, check: bool = False, force: bool = False) -> tuple[list[str], Result]:
        """Build; return which files of specs were run beside what the build did."""
        count: list[int] = []
        order = Order(self.specs, self.out, BACKENDS, check=check, force=force)
        result = build(order, lambda done, total: count.append(total))
        return count, result

    def runs(self) -> int:
        """Return how many files of specs a build runs."""
        return len(self.build()[0])

    def text(self, name: str, backend: str = "numpy") -> str:
        return (self.out / backend / f"_{name}_loss.py").read_text()

    def files(self) -> dict[str, bytes]:
        found = (path for path in self.out.rglob("*") if path.is_file())
        return {path.relative_to(self.out).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.setenv("LOSSGEN_CACHE", str(tmp_path / "cache"))
    tree = Tree(tmp_path)
    tree.spec("plain", 2)
    tree.spec("shared", "_numbers.NUMBER", "import _numbers")
    tree.put("specs/_numbers.py", "NUMBER = 3\n")
    tree.put("specs/number.txt", "5")
    lines = (
        "from pathlib import Path\nnumber = int(Path(__file__).with_name('number.txt').read_text())"
    )
    tree.spec("read", "number", lines)
    assert tree.build()[1].losses == 3
    return tree


def test_nothing_is_done_twice(tree: Tree) -> None:
    before = tree.files()
    assert tree.build() == ([], Result(3, 2))
    assert tree.build(check=True) == ([], Result(3, 2))
    assert tree.files() == before


CHANGES: dict[str, tuple[Callable[[Tree], None], int, str, str]] = {
    "a spec": (lambda tree: tree.spec("plain", 7), 1, "plain", "7.0 *"),
    "a spec, of the same size and time": (lambda tree: disguised(tree), 1, "plain", "9.0 *"),
    "a file that a spec imports": (
        lambda tree: tree.put("specs/_numbers.py", "NUMBER = 4\n"),
        1,
        "shared",
        "4.0 *",
    ),
    "a file that a spec reads": (
        lambda tree: tree.put("specs/number.txt", "6"),
        1,
        "read",
        "6.0 *",
    ),
    "a package that hides an import": (
        lambda tree: tree.put("specs/_numbers/__init__.py", "NUMBER = 8\n"),
        1,
        "shared",
        "8.0 *",
    ),
    "a new spec": (lambda tree: tree.spec("more", 11), 1, "more", "11.0 *"),
    "an output that was removed": (
        lambda tree: (tree.out / "numpy" / "_plain_loss.py").unlink(),
        1,
        "plain",
        "2.0 *",
    ),
}


def disguised(tree: Tree) -> None:
    """Change a digit, and put the old time stamp on it."""
    file = tree.specs / "plain.py"
    old = file.stat()
    file.write_text(file.read_text().replace("* 2", "* 9"))
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert file.stat().st_size == old.st_size


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_built_and_nothing_else(tree: Tree, change: str) -> None:
    act, runs, name, shown = CHANGES[change]
    act(tree)
    assert tree.build(check=True)[1].difference
    done, result = tree.build()
    assert len(done) == runs
    assert {Path(one.path).name for one in result.changes} >= {f"_{name}_loss.py"}
    assert shown in tree.text(name)
    assert shown in tree.text(name, "jax")
    assert tree.runs() == 0
    assert tree.files() == anew(tree)


def anew(tree: Tree) -> dict[str, bytes]:
    """Return what a build without memory writes."""
    fresh = Tree(tree.home / "fresh")
    order = Order(tree.specs, fresh.out, BACKENDS, force=True)
    build(order, lambda done, total: None)
    return fresh.files()


def test_a_spec_that_was_removed_takes_its_output_with_it(tree: Tree) -> None:
    (tree.specs / "plain.py").unlink()
    done, result = tree.build()
    assert (done, result.losses) == ([], 2)
    assert "PlainLoss" not in (tree.out / "jax" / "__init__.py").read_text()
    assert tree.files() == anew(tree)
    assert tree.runs() == 0


def test_a_touched_file_is_read_and_not_run(tree: Tree) -> None:
    for path in (*tree.specs.iterdir(), *tree.out.rglob("*.py")):
        path.touch()
    assert tree.runs() == 0


@pytest.mark.parametrize("name", ["_plain_loss.py", "_runtime.py", "__init__.py"])
def test_an_edited_output_is_refused_as_ever(tree: Tree, name: str) -> None:
    file = tree.out / "numpy" / name
    text = file.read_text()
    file.write_text("# mine\n")
    with pytest.raises(LossgenError, match=f"{name} was edited by hand"):
        tree.build()
    assert tree.build(check=True)[1].needs_force
    assert file.read_text() == "# mine\n"
    tree.build(force=True)
    assert file.read_text() == text


@pytest.mark.parametrize("name", [MANIFEST, "_runtime.py", "__init__.py"])
def test_shared_files_that_were_removed_come_back(tree: Tree, name: str) -> None:
    before = tree.files()
    (tree.out / "numpy" / name).unlink()
    assert tree.runs() == 0
    assert tree.files() == before


def test_the_root_of_the_output_comes_back(tree: Tree) -> None:
    (tree.out / "__init__.py").unlink()
    assert tree.runs() == 0
    assert (tree.out / "__init__.py").exists()


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that counts as lossgen's own."""
    folder = tmp_path / "tools"
    folder.mkdir()
    folder.joinpath("printer.py").write_text("# one\n")
    own = lossgen.toolkit.own_folders
    monkeypatch.setattr(building, "own_folders", lambda: (*own(), str(folder)))
    return folder


TOOLS: dict[str, Callable[[Path], object]] = {
    "changed": lambda folder: folder.joinpath("printer.py").write_text("# two\n"),
    "added": lambda folder: folder.joinpath("loss.py.jinja").write_text("# two\n"),
    "removed": lambda folder: folder.joinpath("printer.py").unlink(),
}


@pytest.mark.parametrize("change", TOOLS)
def test_a_template_or_module_of_lossgen_makes_everything_anew(
    tree: Tree, tools: Path, change: str
) -> None:
    tree.build(force=True)
    assert tree.runs() == 0
    TOOLS[change](tools)
    assert tree.runs() == 3
    assert tree.runs() == 0


@pytest.mark.parametrize("tool", ["sympy", "jinja2", "ruff", "lossgen_backend_of_others"])
def test_a_release_of_a_tool_makes_everything_anew(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    tree.build()
    assert tree.runs() == 0
    (site / f"{tool}-99.0.dist-info").mkdir()
    assert tree.runs() == 3
    (site / f"{tool}-99.0.dist-info").rename(site / f"{tool}-99.1.dist-info")
    assert tree.runs() == 3


def test_a_checkout_of_sympy_on_the_path_makes_everything_anew(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "checkout" / "sympy").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path / "checkout"))
    tree.build()
    (tmp_path / "checkout" / "sympy" / "release.py").write_text("__version__ = '99'\n")
    assert tree.runs() == 3


def test_another_choice_of_backends_has_a_memory_of_its_own(tree: Tree) -> None:
    order = Order(tree.specs, tree.out, ("torch",))
    count: list[int] = []
    for _ in range(2):
        build(order, lambda done, total: count.append(done))
    assert count == [1, 2, 3]
    assert tree.runs() == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "[1, {}]", "[0, 0]", '[1, {"units": {"a": {}}}]'])
def test_a_damaged_record_is_none(tree: Tree, text: str) -> None:
    (file,) = (tree.home / "cache").glob("*.*")
    file.write_text(text)
    assert tree.runs() == 3
    assert tree.runs() == 0


def test_without_a_cache_everything_is_built(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for folder in ("", str(tmp_path / "file")):  # none, and one that cannot be made
        monkeypatch.setenv("LOSSGEN_CACHE", folder)
        assert [tree.runs(), tree.runs()] == [3, 3]


def test_the_cache_stands_in_the_users_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOSSGEN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    monkeypatch.setenv("HOME", "/home/somebody")
    folder = cache_folder()
    assert folder is not None
    assert folder.name == "lossgen"
    assert place(Path("specs"), Path("a"), ()) != place(Path("specs"), Path("b"), ())


def test_old_records_go(tree: Tree) -> None:
    old = tree.home / "cache" / "old.json"
    old.write_text("")
    os.utime(old, (0, 0))
    tree.build(force=True)
    assert not old.exists()
    assert len(list((tree.home / "cache").glob("*.*"))) == 1


def test_a_spec_that_changes_while_it_is_built_is_built_again(tree: Tree) -> None:
    lines = "from pathlib import Path\nPath(__file__).write_text(Path(__file__).read_text() + '#')"
    tree.spec("plain", 2, lines)
    assert tree.runs() == 1
    assert tree.runs() == 1


def test_an_output_that_another_build_writes_meanwhile_is_not_taken_for_ours(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.spec("plain", 7)
    render = building.work.render

    def interrupted(*arguments: Any) -> Rendered:
        done = render(*arguments)
        if once:
            once.pop()
            tree.put("specs/number.txt", "6")
            build(Order(tree.specs, tree.out, BACKENDS), lambda done, total: None)
            tree.put("specs/number.txt", "5")
        return done

    once = [1]
    monkeypatch.setattr(building.work, "render", interrupted)
    tree.build()
    assert "5.0 *" in tree.text("read")
    assert tree.files() == anew(tree)


def command(tree: Tree, *more: str) -> list[str]:
    words = [sys.executable, "-m", "lossgen", "build", str(tree.specs), "--out", str(tree.out)]
    return [*words, *(word for name in BACKENDS for word in ("--backend", name)), *more]


def environment(tree: Tree) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tree.home / "tmp")}


@pytest.fixture
def shell(tree: Tree) -> Tree:
    (tree.home / "tmp").mkdir()
    subprocess.run(command(tree), env=environment(tree), check=True, capture_output=True)
    return tree


HEAVY = {"sympy", "jinja2", "rich", "multiprocessing", "filelock", "lossgen.backends"}


def imported(tree: Tree, *more: str) -> set[str]:
    """Build in a process of its own; return the modules that it imports."""
    words = command(tree, *more)
    words[1:1] = ["-X", "importtime"]
    done = subprocess.run(words, env=environment(tree), check=True, capture_output=True, text=True)
    assert done.stdout.endswith("generated is up to date\n")
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


@pytest.mark.parametrize("more", [(), ("--check",), ("--jobs", "2")], ids=" ".join)
def test_a_build_with_nothing_to_do_imports_nothing_heavy(
    shell: Tree, more: tuple[str, ...]
) -> None:
    modules = imported(shell, *more)
    assert "lossgen.current" in modules
    assert not modules & HEAVY


def test_builds_leave_no_locks(shell: Tree) -> None:
    shell.spec("plain", 7)
    subprocess.run(command(shell), env=environment(shell), check=True, capture_output=True)
    assert list((shell.home / "tmp").iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("moment", ["rendering", "writing"])
def test_a_build_that_was_killed_is_finished_by_the_next(shell: Tree, moment: str) -> None:
    lines = "import time; open('started', 'w').close(); time.sleep(60)"
    if moment == "rendering":
        shell.spec("plain", 7, lines)
        process = subprocess.Popen(command(shell), env=environment(shell), cwd=shell.home)
        wait_for(shell.home / "started")
        process.send_signal(signal.SIGKILL)
        process.wait()
    else:  # what is left of one: a journal, some files new, and temporary ones
        folder = shell.out / "numpy"
        listing = json.loads((folder / MANIFEST).read_text())
        journal = {path: [digest] for path, digest in listing.items()}
        (folder / JOURNAL).write_text(json.dumps(journal))
        (folder / f".half.py{TEMPORARY}").write_text("half")
    shell.spec("plain", 2)
    shell.runs()
    assert shell.files() == anew(shell)
    assert shell.runs() == 0


def wait_for(file: Path) -> None:
    end = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_builds_at_once_leave_what_one_leaves(shell: Tree) -> None:
    shell.spec("plain", 7)
    running = [subprocess.Popen(command(shell), env=environment(shell)) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert shell.files() == anew(shell)
    assert "sympy" not in imported(shell)


def test_two_folders_may_use_one_name_for_what_their_specs_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSGEN_CACHE", "")
    for number in (3, 4):
        tree = Tree(tmp_path / str(number))
        tree.spec("shared", "_numbers.NUMBER", "import _numbers")
        tree.put("specs/_numbers.py", f"NUMBER = {number}\n")
        tree.build()
        assert f"{number}.0 *" in tree.text("shared")
        assert "_numbers" not in sys.modules
