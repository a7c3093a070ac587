"""A picture of the ratios: how much of its peers' time each loss takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

COLOURS = ("#9ecae1", "#4292c6", "#08306b")  # from small inputs to large ones


def draw(files: Sequence[Path], picture: Path) -> None:
    """Draw the ratios that files of results hold, one panel for each framework."""
    from matplotlib import pyplot  # not needed to run the races, which may be elsewhere

    pyplot.rcParams["svg.hashsalt"] = "lossgen"  # the same file from the same figures
    found = {file.stem: json.loads(file.read_text(encoding="utf-8"))["results"] for file in files}
    rows = [len({result["name"] for result in results}) for results in found.values()]
    figure, panels = pyplot.subplots(
        len(found),
        figsize=(7, 1 + 0.22 * sum(rows)),
        height_ratios=rows,
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for (framework, results), panel in zip(found.items(), panels[:, 0], strict=True):
        names = list(dict.fromkeys(result["name"] for result in results))[::-1]
        for size, colour in zip(sorted({r["size"] for r in results}), COLOURS, strict=False):
            own = [result for result in results if result["size"] == size]
            places = [names.index(result["name"]) for result in own]
            ratios = [result["ratio"] for result in own]
            panel.scatter(ratios, places, s=18, color=colour, label=f"{size:.0e} entries")
        panel.axvline(1.0, color="black", linewidth=0.8)
        panel.set(title=framework, xscale="log", ylim=(-0.7, len(names) - 0.3))
        panel.set(yticks=range(len(names)), yticklabels=names)
        panel.tick_params(labelsize=7)
    panels[-1, 0].set_xlabel("time beside the fastest peer")
    panels[0, 0].legend(fontsize=7)
    figure.savefig(picture, metadata={"Date": None})
