"""Texts on their way to the output: in memory or, since there are many, in files of their own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lossgen.manifest import digest, normalised


@dataclass(frozen=True, slots=True)
class Text:
    """What a file holds, or is to hold.

    Attributes:
        digest: its sha256, whatever its line endings.
        source: the bytes, or a file that has them.
    """

    digest: str
    source: bytes | Path

    def read(self) -> bytes:
        """Return the bytes."""
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()

    def put(self, target: Path) -> None:
        """Write the bytes to a file that is not there, or move the file there that has them."""
        if isinstance(self.source, Path):
            try:
                os.rename(self.source, target)
            except OSError:  # it stands on another disk, or the target cannot be written
                pass
            else:
                return
        target.write_bytes(self.read())


Content = str | Text


def held(content: Content) -> Text:
    """Return a text with its digest and Unix line endings."""
    if isinstance(content, Text):
        return content
    data = normalised(content.encode())
    return Text(digest(data), data)


def put_all(folder: Path, texts: Mapping[str, str]) -> Iterable[str]:
    """Write texts to files of a folder, and return their paths in it."""
    folder.mkdir(exist_ok=True)
    for path, text in texts.items():
        (folder / path).write_bytes(text.encode())
    return texts


def text_in(file: Path) -> Text:
    """Return what a file has as a text that stays in it, with Unix line endings."""
    data = file.read_bytes()
    if b"\r\n" in data:
        file.write_bytes(normalised(data))
    return Text(digest(data), file)


__all__ = ["Content", "Text", "held", "put_all", "text_in"]
