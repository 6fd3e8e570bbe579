"""Quality over time, with the loop and without it, as a picture."""

from pathlib import Path

from sandbox.loop.judging import Year
from sandbox.loop.trial import PROMOTE

_MEASURES = (("roc_auc", "area under the ROC curve"), ("brier", "Brier score (less is better)"))


def draw(year: Year, target: Path) -> None:
    """A panel for each measure; what the runs came to is written above."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    names = [one.half[5:] for one in year.halves]
    figure, axes = pyplot.subplots(len(_MEASURES), 1, figsize=(9, 6.2), sharex=True)
    for (measure, label), axis in zip(_MEASURES, axes, strict=True):
        for part, colour, text in (
            ("without", "tab:gray", "first release"),
            ("with_loop", "tab:blue", "with the loop"),
        ):
            values = [getattr(one, part)[measure] for one in year.halves]
            axis.plot(names, values, marker=".", color=colour, label=text)
        for number, one in enumerate(year.halves):
            if one.alarm:
                axis.axvline(number, color="tab:red", linewidth=0.8, linestyle=":")
        axis.set_ylabel(label, fontsize=8)
        axis.tick_params(labelsize=8)
        axis.legend(fontsize=7, loc="best")
    top = axes[0].get_ylim()[1]
    words: dict[str, list[str]] = {}
    for chapter in year.chapters:
        verdict = chapter.verdict
        words.setdefault(chapter.half[5:], []).append(f"gate: {verdict.answer}" if verdict else chapter.run.outcome)
    for half, found in words.items():
        if half in names:
            weight = "bold" if found[-1].endswith(PROMOTE) else "normal"
            axes[0].text(names.index(half), top, f" {', '.join(found)}", fontsize=7, rotation=35, weight=weight)
    axes[0].set_title("flights of 2013 from New York; dotted: drift was found", loc="left", fontsize=9, pad=34)
    axes[-1].set_xlabel("half of a month", fontsize=8)
    figure.tight_layout()
    figure.savefig(target, dpi=110)
    pyplot.close(figure)
