"""Race all losses on the frameworks that are installed: a JSON file for each, and a plot.

    python -m benchmarks --out results --cores 2
    python -m benchmarks --out results --draw docs/speed.svg

What else is given goes to each of the benchmarks. With ``--draw`` nothing is run, and what an
earlier run wrote is drawn.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.plot import draw

FRAMEWORKS = ("numpy", "torch", "jax", "mindspore", "chainer")
# Chainer needs numpy.distutils, which needs the standard library's distutils.
ENVIRONMENT = os.environ | {"SETUPTOOLS_USE_DISTUTILS": "stdlib", "GLOG_v": "3"}


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("results"), help="a folder for the files")
    parser.add_argument("--draw", type=Path, help="draw what is in the folder, and run nothing")
    options, rest = parser.parse_known_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in () if options.draw else FRAMEWORKS:
        if importlib.util.find_spec(name) is None:
            print(f"{name}: not installed")
            continue
        file = options.out / f"{name}.json"
        command = [sys.executable, "-m", f"benchmarks.{name}_losses", "--json", str(file), *rest]
        subprocess.run(command, check=True, env=ENVIRONMENT)
    files = [options.out / f"{name}.json" for name in FRAMEWORKS]
    draw([file for file in files if file.exists()], options.draw or options.out / "speed.svg")


if __name__ == "__main__":
    main()
