"""Where what is known of earlier builds stands: among the user's caches, to be deleted at will."""

from __future__ import annotations

import os
import sys
from pathlib import Path

FOLDER = "LOSSGEN_CACHE"


def cache_folder() -> Path | None:
    """Return the folder: where the platform has its caches, or what the user says; or none."""
    given = os.environ.get(FOLDER)
    if given is not None:
        return Path(given) if given else None
    try:
        home = Path.home()
    except RuntimeError:  # there is none
        return None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(home / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(home / ".cache")
    return Path(base) / "lossgen"


__all__ = ["cache_folder"]
