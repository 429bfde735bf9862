"""Measurements of one or several bundles as text, as one HTML page and as PNG files."""

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path

import jinja2

from training.data.corruptions import STRENGTHS
from training.evaluation.measurement import Measurement
from training.evaluation.plots import confusion, reliability_diagram

FIGURES = ("accuracy", "macro_f1", "macro_recall", "weighted_f1", "log_loss", "ece")
CORRUPTION_COLUMNS = tuple(f"{figure}, {strength}" for figure in ("accuracy", "recall") for strength in STRENGTHS)
PAGE = Path(__file__).with_name("page.html")


def as_text(measurement: Measurement) -> str:
    """Return everything about one bundle, as text for a terminal."""
    parts = [
        f"{measurement.model} ({measurement.runtime}) on {measurement.data}, {measurement.split}",
        measurement.report.as_text(),
    ]
    others = [(name, report) for name, report in measurement.splits.items() if name != measurement.split]
    for name, report in others:
        parts.append(f"{name.replace('_', ' ')}: " + ", ".join(f"{k} {v}" for k, v in report.summary().items()))
    if measurement.views:
        parts.append(table([measurement]))
    if measurement.corruptions:
        head = f"{'corruption':<14}" + "".join(f"{name:>18}" for name in CORRUPTION_COLUMNS)
        rows = [f"{name:<14}" + "".join(f"{v:>18.4f}" for v in values) for name, values in corruption_rows(measurement)]
        parts.append("\n".join([head, *rows]))
    return "\n\n".join(parts)


def table(measurements: Sequence[Measurement]) -> str:
    """Return the figures of bundles side by side: a line for each set of images and each way of averaging."""
    rows = [(f"{each.model}: {name}", summary) for each in measurements for name, summary in each.rows()]
    wide = max(len(name) for name, _ in rows) + 1
    lines = [" " * wide + f"{'images':>8}" + "".join(f"{name:>14}" for name in FIGURES)]
    for name, summary in rows:
        figures = "".join(f"{summary[figure]:>14.4f}" for figure in FIGURES)
        lines.append(f"{name:<{wide}}{summary['images']:>8}{figures}")
    return "\n".join(lines)


def corruption_rows(measurement: Measurement) -> Iterator[tuple[str, list[float]]]:
    """Yield each corruption with the values of `CORRUPTION_COLUMNS`, after the unchanged images."""
    clean = dict.fromkeys(STRENGTHS, measurement.report)
    for name, strengths in {"none": clean, **measurement.corruptions}.items():
        reports = [strengths[strength] for strength in STRENGTHS]
        yield name, [each.accuracy for each in reports] + [each.macro(each.recall) for each in reports]


def plots(measurement: Measurement) -> dict[str, bytes]:
    """Return the PNG plots of one bundle by name."""
    title = f"{measurement.model} on {measurement.data}, {measurement.split}"
    return {
        "confusion": confusion(measurement.report, title),
        "reliability": reliability_diagram(measurement.report, title),
    }


def write_plots(measurements: Sequence[Measurement], folder: Path) -> None:
    """Write each bundle's plots as NAME-confusion.png and NAME-reliability.png."""
    folder.mkdir(parents=True, exist_ok=True)
    for measurement in measurements:
        for name, data in plots(measurement).items():
            (folder / f"{measurement.model}-{name}.png").write_bytes(data)


def as_html(measurements: Sequence[Measurement]) -> str:
    """Return one page with everything in it, including the plots; it loads nothing else."""
    bundles = [
        {
            "name": each.model,
            "runtime": each.runtime,
            "rows": list(each.rows()),
            "classes": each.report.table(),
            "plots": {name: _inline(data) for name, data in plots(each).items()},
            "corruptions": list(corruption_rows(each)) if each.corruptions else [],
        }
        for each in measurements
    ]
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        PAGE.read_text(encoding="utf-8")
    )
    title = f"{', '.join(each.model for each in measurements)} on {measurements[0].data}, {measurements[0].split}"
    return page.render(title=title, bundles=bundles, columns=FIGURES, corruption_columns=CORRUPTION_COLUMNS)


def _inline(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
