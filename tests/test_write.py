"""Writing: what is kept, what is replaced, and what a build that was killed leaves behind."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import lossgen.write
from lossgen.errors import HandEditedError, LockedError, OutputError
from lossgen.manifest import JOURNAL, MANIFEST, ROOT, digest, is_inside
from lossgen.plan import plan
from lossgen.texts import text_in
from lossgen.write import check, write

HUBER, L1 = "_huber_loss.py", "_l1_loss.py"
INIT = "__init__.py"


def package(number: int, *losses: str) -> dict[str, str]:
    return {INIT: f"# {number}\n"} | {loss: f"# {loss} {number}\n" for loss in losses}


FIRST = {"torch": package(1, HUBER, L1), "jax": package(1, HUBER, L1)}
SECOND = {"torch": package(2, HUBER, L1), "jax": package(2, HUBER, L1)}


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "generated"


class TestFresh:
    def test_writes_the_texts_a_manifest_for_each_package_and_the_root(self, out: Path) -> None:
        changes = write(FIRST, out)
        names = {f"{backend}/{path}" for backend in FIRST for path in (*FIRST[backend], MANIFEST)}
        assert set(tree(out)) == names | {ROOT}
        assert {change.path for change in changes} == set(tree(out))
        assert {change.verb for change in changes} == {"created"}

    def test_the_manifest_is_sorted_paths_with_sha256_of_the_text(self, out: Path) -> None:
        write(FIRST, out)
        text = (out / "torch" / MANIFEST).read_text()
        listed = json.loads(text)
        assert list(listed) == sorted(FIRST["torch"])
        assert listed[HUBER] == hashlib.sha256(FIRST["torch"][HUBER].encode()).hexdigest()
        assert text.endswith("}\n")

    def test_the_order_in_which_texts_are_given_does_not_matter(self, tmp_path: Path) -> None:
        write(FIRST, tmp_path / "a")
        reordered = {backend: dict(reversed(texts.items())) for backend, texts in FIRST.items()}
        write(dict(reversed(reordered.items())), tmp_path / "b")
        assert tree(tmp_path / "a") == tree(tmp_path / "b")

    def test_texts_are_utf8_with_unix_line_endings(self, out: Path) -> None:
        write({"jax": {HUBER: "# \u03b4\r\n"}}, out)
        assert (out / "jax" / HUBER).read_bytes() == "# \u03b4\n".encode()

    def test_the_same_again_changes_nothing(self, out: Path) -> None:
        write(FIRST, out)
        before = {path: (out / path).stat().st_mtime_ns for path in tree(out)}
        assert write(FIRST, out) == ()
        assert {path: (out / path).stat().st_mtime_ns for path in tree(out)} == before

    def test_a_path_out_of_the_package_is_refused(self, out: Path) -> None:
        with pytest.raises(OutputError, match=r"\.\./evil\.py leaves its package"):
            write({"torch": {"../evil.py": ""}}, out)
        assert not out.exists()

    def test_a_lock_file_stands_elsewhere(self, out: Path) -> None:
        write(FIRST, out)
        assert not [path for path in out.parent.rglob("*") if "lock" in path.name]


class TestAgain:
    def test_only_what_differs_is_replaced(self, out: Path) -> None:
        write(FIRST, out)
        mixed = FIRST | {"torch": FIRST["torch"] | {HUBER: "# new\n"}}
        paths = [change.path for change in write(mixed, out)]
        assert paths == [f"torch/{HUBER}", f"torch/{MANIFEST}"]

    def test_a_backend_that_is_not_given_is_not_touched(self, out: Path) -> None:
        write(FIRST, out)
        (out / "jax" / HUBER).write_text("edited")
        before = {path: data for path, data in tree(out).items() if not path.startswith("torch/")}
        write({"torch": SECOND["torch"]}, out)
        assert {path: data for path, data in tree(out).items() if path in before} == before

    def test_the_root_is_its_owners_once_it_exists(self, out: Path) -> None:
        write(FIRST, out)
        (out / ROOT).write_text("import this\n")
        write(SECOND, out)
        assert (out / ROOT).read_text() == "import this\n"

    def test_a_stale_file_is_removed_if_it_is_listed(self, out: Path) -> None:
        write(FIRST, out)
        (out / "torch" / "mine.py").write_text("mine")
        changes = write({"torch": package(1, HUBER)}, out)
        assert ("removed", f"torch/{L1}") in [(change.verb, change.path) for change in changes]
        assert set(tree(out / "torch")) == {INIT, HUBER, MANIFEST, "mine.py"}
        assert L1 not in json.loads((out / "torch" / MANIFEST).read_text())

    def test_a_file_that_was_deleted_is_written_anew(self, out: Path) -> None:
        write(FIRST, out)
        (out / "torch" / HUBER).unlink()
        assert [change.verb for change in write(FIRST, out)] == ["created"]

    def test_a_manifest_that_was_deleted_is_written_anew(self, out: Path) -> None:
        write(FIRST, out)
        before = tree(out)
        (out / "torch" / MANIFEST).unlink()
        write(FIRST, out)
        assert tree(out) == before

    def test_line_endings_are_no_edit(self, out: Path) -> None:
        write(FIRST, out)
        for path, data in tree(out).items():
            (out / path).write_bytes(data.replace(b"\n", b"\r\n"))
        assert write(FIRST, out) == ()
        write(SECOND, out)
        assert (out / "torch" / HUBER).read_bytes() == SECOND["torch"][HUBER].encode()


class TestTextsInFiles:
    """Texts of large builds stand in files, which are moved to the output or copied there."""

    @pytest.mark.parametrize("far", [False, True], ids=["same disk", "another disk"])
    def test_they_are_written_as_texts_are(
        self, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, far: bool
    ) -> None:
        def refuse(source: Path, target: Path) -> None:
            raise OSError(18, "Invalid cross-device link", str(source))

        if far:
            monkeypatch.setattr(os, "rename", refuse)
        (tmp_path / "home").mkdir()
        files = {path: tmp_path / "home" / path for path in FIRST["torch"]}
        for path, file in files.items():
            file.write_bytes(FIRST["torch"][path].replace("\n", "\r\n").encode())
        write({"torch": {path: text_in(file) for path, file in files.items()}}, out)
        write({"torch": FIRST["torch"]}, tmp_path / "expected")
        assert tree(out) == tree(tmp_path / "expected")


class TestRefusal:
    def test_a_file_edited_by_hand_is_kept_and_nothing_else_is_written(self, out: Path) -> None:
        write(FIRST, out)
        (out / "torch" / HUBER).write_text("# mine\n")
        before = tree(out)
        with pytest.raises(HandEditedError) as caught:
            write(SECOND, out)
        assert tree(out) == before
        assert str(caught.value) == (
            f"{out.as_posix()}/torch/{HUBER} was edited by hand\n"
            "Nothing was written: move what you want to keep (an edit belongs in the spec or in a "
            "template), or write over it with --force."
        )

    def test_a_file_that_lossgen_did_not_write_is_kept(self, out: Path) -> None:
        (out / "torch").mkdir(parents=True)
        (out / "torch" / HUBER).write_text("# mine\n")
        with pytest.raises(HandEditedError, match=f"torch/{HUBER} was not written by lossgen\n"):
            write(FIRST, out)
        assert set(tree(out)) == {f"torch/{HUBER}"}

    def test_a_stale_file_edited_by_hand_is_kept(self, out: Path) -> None:
        write(FIRST, out)
        (out / "torch" / L1).write_text("# mine\n")
        reason = "was edited by hand and is generated no longer"
        with pytest.raises(HandEditedError, match=f"torch/{L1} {reason}\n"):
            write({"torch": package(1, HUBER)}, out)
        assert (out / "torch" / L1).read_text() == "# mine\n"

    def test_all_are_named_at_once(self, out: Path) -> None:
        write(FIRST, out)
        for backend in FIRST:
            (out / backend / HUBER).write_text("# mine\n")
        with pytest.raises(HandEditedError) as caught:
            write(FIRST, out)
        assert [Path(path).parent.name for path, _ in caught.value.refusals] == ["jax", "torch"]

    def test_force_writes_over_them(self, out: Path, tmp_path: Path) -> None:
        write(FIRST, out)
        (out / "torch" / HUBER).write_text("# mine\n")
        (out / "torch" / L1).write_text("# mine\n")
        (out / "torch" / "mine.py").write_text("# mine\n")
        texts = {"torch": package(2, HUBER), "jax": FIRST["jax"]}
        write(texts, out, force=True)
        write(texts, tmp_path / "fresh")
        assert tree(out) == tree(tmp_path / "fresh") | {"torch/mine.py": b"# mine\n"}

    def test_an_edit_that_is_what_the_build_gives_is_fine(self, out: Path) -> None:
        write(FIRST, out)
        (out / "torch" / HUBER).write_text(SECOND["torch"][HUBER])
        write(SECOND, out)
        assert (out / "torch" / HUBER).read_text() == SECOND["torch"][HUBER]

    @pytest.mark.parametrize(
        "text",
        [
            "<<<<<<< HEAD\n",
            "[]",
            '{"a": 1}',
            '{"../../../etc/passwd": "0"}',
            '{"/etc/passwd": "0"}',
            '{"C:\\\\x.py": "0"}',
            '{"a/../b.py": "0"}',
            "[" * 100_000,
            "null",
            "",
        ],
    )
    def test_a_damaged_manifest_is_named_and_force_mends_it(self, out: Path, text: str) -> None:
        write(FIRST, out)
        (out / "torch" / MANIFEST).write_text(text)
        with pytest.raises(OutputError) as caught:
            write(FIRST, out)
        assert str(caught.value) == (
            f"{out.as_posix()}/torch/{MANIFEST} is damaged; restore it (or resolve the merge), "
            "or write it anew with --force."
        )
        assert (out / "torch" / MANIFEST).read_text() == text
        write(FIRST, out, force=True)
        assert write(FIRST, out) == ()

    def test_a_link_out_of_the_package_is_not_followed(self, out: Path, tmp_path: Path) -> None:
        """The manifest lists what stands behind the link, with the right hash."""
        write(FIRST, out)
        (tmp_path / "theirs").mkdir()
        (tmp_path / "theirs" / "kept.py").write_text("# theirs\n")
        (out / "torch" / "sub").symlink_to(tmp_path / "theirs")
        listing = json.loads((out / "torch" / MANIFEST).read_text())
        listing["sub/kept.py"] = digest(b"# theirs\n")
        (out / "torch" / MANIFEST).write_text(json.dumps(listing))
        for force in (False, True):
            with pytest.raises(OutputError, match=r"sub/kept\.py .* leads out of its package"):
                write(SECOND, out, force=force)
        assert (tmp_path / "theirs" / "kept.py").read_text() == "# theirs\n"

    def test_a_link_is_replaced_and_its_target_kept(self, out: Path, tmp_path: Path) -> None:
        write(FIRST, out)
        (tmp_path / "theirs.py").write_text(FIRST["torch"][HUBER])
        (out / "torch" / HUBER).unlink()
        (out / "torch" / HUBER).symlink_to(tmp_path / "theirs.py")
        write(SECOND, out)
        assert (out / "torch" / HUBER).read_text() == SECOND["torch"][HUBER]
        assert (tmp_path / "theirs.py").read_text() == FIRST["torch"][HUBER]


LIMITED = """
import resource, signal, sys
from pathlib import Path
from lossgen.errors import OutputError
from lossgen.write import write
from test_write import SECOND

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
large = {backend: texts | {"large.py": "#" * 100_000} for backend, texts in SECOND.items()}
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    write(large, Path(sys.argv[1]))
except OutputError as error:
    sys.exit(str(error))
"""


class TestCannotWrite:
    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
    def test_a_file_that_the_system_cuts_off(self, out: Path) -> None:
        write(FIRST, out)
        before = tree(out)
        here = Path(__file__).parent
        path = os.pathsep.join([str(here.parent), str(here)])
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, str(out)],
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 1
        assert re.fullmatch(
            r".*generated cannot be written \(File too large.*\); .*--out\.\n", done.stderr
        )
        assert tree(out) == before

    def test_below_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        out = tmp_path / "file" / "generated"
        with pytest.raises(OutputError) as caught:
            write(FIRST, out)
        assert "generated/" in str(caught.value)
        assert "(Not a directory); put it right, or choose another folder with --out." in str(
            caught.value
        )

    def test_a_folder_where_a_file_should_be(self, out: Path) -> None:
        (out / "torch" / HUBER).mkdir(parents=True)
        with pytest.raises(OutputError, match=rf"torch/{HUBER} cannot be read \(Is a directory\)"):
            write(FIRST, out)

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
    def test_without_permission(self, out: Path) -> None:
        out.mkdir()
        out.chmod(0o500)
        with pytest.raises(OutputError, match=r"generated cannot be written \(Permission denied"):
            write(FIRST, out)

    def test_a_full_disk_leaves_everything_as_it_was(
        self, out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write({"torch": FIRST["torch"]}, out)
        before = tree(out)
        whole, calls = Path.write_bytes, []

        def full(path: Path, data: bytes) -> int:
            calls.append(path)
            if len(calls) == 5:
                raise OSError(28, "No space left on device", str(path))
            return whole(path, data)

        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(OutputError, match="No space left on device"):
            write(SECOND, out)
        assert tree(out) == before
        assert not (out / "jax").exists()


def interrupted_after(count: int, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write SECOND, and lose power after so many files were replaced."""
    replace, calls = os.replace, []

    def fail(source: Path, target: Path) -> None:
        if len(calls) == count:
            raise KeyboardInterrupt
        calls.append(target)
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(KeyboardInterrupt):
            write(SECOND, out)


KILLED = """
import os, signal, sys
from pathlib import Path
from lossgen.write import write
from test_write import SECOND

replace, left = os.replace, [int(sys.argv[2])]

def killed(source, target):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    replace(source, target)

os.replace = killed
write(SECOND, Path(sys.argv[1]))
"""


def killed_after(count: int, out: Path) -> None:
    """Write SECOND in a process of its own, which is killed after so many files."""
    here = Path(__file__).parent
    path = os.pathsep.join([str(here.parent), str(here)])
    command = [sys.executable, "-c", KILLED, str(out), str(count)]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, check=False)
    assert done.returncode == -9


STEPS = range(10)  # two journals, six files, two manifests


class TestInterrupted:
    @pytest.mark.parametrize("count", STEPS)
    def test_each_file_is_old_or_new_and_the_next_build_finishes(
        self, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
    ) -> None:
        write(FIRST, out)
        interrupted_after(count, out, monkeypatch)
        assert_old_or_new(out, tmp_path)
        assert not list(out.rglob("*.lossgen-tmp"))
        assert_next_build_gives(SECOND, out, tmp_path)

    @pytest.mark.parametrize("count", STEPS)
    def test_the_next_build_finishes_though_the_specs_have_changed_since(
        self, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
    ) -> None:
        write(FIRST, out)
        interrupted_after(count, out, monkeypatch)
        assert_next_build_gives({"torch": package(3, HUBER), "jax": package(3)}, out, tmp_path)

    @pytest.mark.parametrize("count", STEPS)
    def test_a_first_build_that_was_interrupted(
        self, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
    ) -> None:
        interrupted_after(count, out, monkeypatch)
        assert_next_build_gives(FIRST, out, tmp_path)

    def test_twice_with_other_specs_each_time(
        self, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write({"torch": package(0, L1), "jax": package(0, "_gone.py")}, out)
        interrupted_after(7, out, monkeypatch)
        with monkeypatch.context() as patch:
            patch.setitem(SECOND, "torch", package(4, HUBER))
            interrupted_after(3, out, monkeypatch)
        assert_next_build_gives(FIRST, out, tmp_path)

    def test_an_edit_made_since_is_still_kept(
        self, out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(FIRST, out)
        interrupted_after(5, out, monkeypatch)
        (out / "torch" / HUBER).write_text("# mine\n")
        with pytest.raises(HandEditedError, match=HUBER):
            write(SECOND, out)

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
    @pytest.mark.parametrize("count", [0, 4, 9])
    def test_a_killed_process(self, out: Path, tmp_path: Path, count: int) -> None:
        write(FIRST, out)
        killed_after(count, out)
        assert_old_or_new(out, tmp_path)
        assert_next_build_gives(SECOND, out, tmp_path)


def assert_old_or_new(out: Path, tmp_path: Path) -> None:
    write(FIRST, tmp_path / "old")
    write(SECOND, tmp_path / "new")
    old, new = tree(tmp_path / "old"), tree(tmp_path / "new")
    found = tree(out)
    assert found.keys() >= old.keys()
    for path in old:
        assert found[path] in (old[path], new[path])
    extra = {Path(path).name for path in found.keys() - old.keys()}
    assert all(name == JOURNAL or name.endswith(".lossgen-tmp") for name in extra)


def assert_next_build_gives(texts: dict[str, dict[str, str]], out: Path, tmp_path: Path) -> None:
    write(texts, out)
    write(texts, tmp_path / "expected")
    assert tree(out) == tree(tmp_path / "expected")


HOLD = """
import sys
from pathlib import Path
from lossgen.write import _locked
with _locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


class TestLock:
    def test_a_second_build_waits_and_then_says_so(
        self, out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lossgen.write, "PATIENCE", 0.1)
        root = str(Path(__file__).parent.parent)
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, str(out)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": root},
        ) as holder:
            assert holder.stdout
            assert holder.stdin
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(LockedError) as caught:
                write(FIRST, out)
            assert not out.exists()
            write(FIRST, out.parent / "another")
            holder.stdin.close()
        assert str(caught.value) == (
            f"{out.as_posix()} is being written by another build; wait for its end and build again."
        )
        write(FIRST, out)

    def test_two_at_once_leave_one_of_the_two(self, out: Path) -> None:
        script = KILLED.replace("not left[0]", "False")
        path = os.pathsep.join([str(Path(__file__).parent.parent), str(Path(__file__).parent)])
        command = [sys.executable, "-c", script, str(out), "0"]
        processes = [
            subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}) for _ in range(3)
        ]
        assert [process.wait() for process in processes] == [0, 0, 0]
        assert write(SECOND, out) == ()


class TestCheck:
    def test_nothing_to_do(self, out: Path) -> None:
        write(FIRST, out)
        assert check(FIRST, out) == ("", False)

    def test_is_a_unified_diff_and_writes_nothing(self, out: Path) -> None:
        write(FIRST, out)
        before = tree(out)
        difference, forced = check({"torch": SECOND["torch"]}, out)
        name = f"{out.as_posix().lstrip('/')}/torch/{HUBER}"
        assert (
            f"--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-# {HUBER} 1\n+# {HUBER} 2\n" in difference
        )
        assert not forced
        assert tree(out) == before

    def test_missing_and_stale_files_are_a_line_each(self, out: Path) -> None:
        write({"torch": package(1, L1)}, out)
        difference, _ = check({"torch": package(1, HUBER)}, out)
        lines = difference.splitlines()
        assert f"missing: {out.as_posix()}/torch/{HUBER}" in lines
        assert f"stale: {out.as_posix()}/torch/{L1}" in lines
        assert f"# {HUBER} 1" not in difference

    def test_a_missing_package_is_one_line(self, out: Path) -> None:
        write({"torch": FIRST["torch"]}, out)
        difference, forced = check(FIRST, out)
        others = sorted(FIRST.keys() - {"torch"})
        assert difference == "".join(f"missing: {out.as_posix()}/{name}/\n" for name in others)
        assert not forced

    def test_an_absent_folder_is_a_line_for_each_package_and_is_not_made(self, out: Path) -> None:
        difference, _ = check(FIRST, out)
        packages = "".join(f"missing: {out.as_posix()}/{name}/\n" for name in sorted(FIRST))
        assert difference == f"missing: {out.as_posix()}/__init__.py\n{packages}"
        assert not out.exists()

    def test_a_lost_final_newline_shows(self, out: Path) -> None:
        write(FIRST, out)
        file = out / "torch" / HUBER
        file.write_bytes(file.read_bytes().rstrip(b"\n"))
        difference, forced = check(FIRST, out)
        assert f"-# {HUBER} 1\n\\ No newline at end of file\n+# {HUBER} 1\n" in difference
        assert forced

    def test_line_endings_do_not_count(self, out: Path) -> None:
        write(FIRST, out)
        for path, data in tree(out).items():
            (out / path).write_bytes(data.replace(b"\n", b"\r\n"))
        assert check(FIRST, out) == ("", False)


def test_a_plan_of_an_absent_folder_reads_only(out: Path) -> None:
    assert {change.old for change in plan(FIRST, out).changes} == {None}


def test_digest_ignores_line_endings() -> None:
    assert digest(b"a\r\nb\n") == digest(b"a\nb\n") != digest(b"a\nb")


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("a.py", True),
        ("sub/a.py", True),
        ("", False),
        (".", False),
        ("..", False),
        ("../a", False),
        ("a/../b", False),
        ("/a", False),
        ("C:/a", False),
        ("a\\b", False),
        ("a//b", False),
    ],
)
def test_is_inside(path: str, inside: bool) -> None:
    assert is_inside(path) is inside


def test_writing_is_quick(out: Path) -> None:
    texts = {backend: package(1, *(f"_{i}.py" for i in range(100))) for backend in "abcde"}
    start = time.perf_counter()
    write(texts, out)
    assert time.perf_counter() - start < lossgen.write.PATIENCE / 2
