"""What is printed of the scores of a segmentation: classes beside their ceiling, means, false alarms, rules."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

_SCORES: Final = ("iou", "recall", "precision", "accuracy")
_MEANS: Final = ("micro", "macro")
"""Conventions that are printed; the file holds the others too."""
_HECTARE_M2: Final = 1e4


def segmentation_tables(scores: Mapping[str, Any]) -> Iterator[Table]:
    """Tables of ``scores.json``: classes, means over classes, false alarms, and rules where some were asked for."""
    yield _classes(scores)
    yield _means(scores["pooled"])
    alarms = scores["false_alarms"]
    if any(alarms.values()):
        yield _false_alarms(alarms)
    if scores["rules"]:
        yield _rules(scores["rules"])


def _classes(scores: Mapping[str, Any]) -> Table:
    title = f"{scores['model']['name']}: {counted(scores['n_scenes'], 'scene')} of {counted(scores['n_sites'], 'site')}"
    table = _table(title, ("IoU", "recall", "prec.", "drawn", "people"))
    footprint = scores["footprint"]
    rows = ({"footprint": footprint} if footprint else {}) | scores["per_class"]
    for name, row in rows.items():
        if row["drawn_m2"] or row["said_m2"]:
            table.add_row(_words(name), *_class_cells(row))
    source = next((row["ceiling"]["source"] for row in rows.values() if row.get("ceiling")), None)
    table.caption = Text(f"drawn in hectares; people: their IoU with one another, {source or 'unknown'}")
    table.caption_justify = "left"
    return table


def _class_cells(row: Mapping[str, Any]) -> list[str]:
    ceiling = _score(row["ceiling"]["iou"][0]) if row.get("ceiling") else "–"
    drawn = f"{row['drawn_m2'] / _HECTARE_M2:,.0f}"
    return [_spanned(row["iou"]), _score(row["recall"][0]), _score(row["precision"][0]), drawn, ceiling]


def counted(n: int, noun: str) -> str:
    """``1 scene``, ``2 scenes``."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _means(pooled: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> Table:
    table = _table("Means over classes", ("mean", *_SCORES))
    for group, means in pooled.items():
        for name in _MEANS:
            table.add_row(_words(group), _words(name), *(_score(means[name][key]) for key in _SCORES))
    return table


def _false_alarms(alarms: Mapping[str, Any]) -> Table:
    table = _table("Said to be mine where none is", ("seen", "said", "share"))
    names = {"scenes_without_mine": "scenes without any mine", "earthworks": "earthworks that are no mines"}
    for key, words in names.items():
        if row := alarms[key]:
            column = "footprint" if "footprint" in row["said_ha"] else next(iter(row["said_ha"]))
            share = 100 * row["said_share"][column]
            table.add_row(words, f"{row['seen_ha']:,.1f} ha", f"{row['said_ha'][column]:,.1f} ha", f"{share:.2f} %")
    if row := alarms["blank"]:
        share = next(row["said_share"][name] for name in ("footprint", *row["said_share"]) if name in row["said_share"])
        drawn = row["drawn_m2"] / _HECTARE_M2
        table.add_row("ground drawn as blank", f"{drawn:,.1f} ha", f"{share * drawn:,.1f} ha", f"{100 * share:.2f} %")
    return table


def _rules(rules: Mapping[str, Any]) -> Table:
    """IoU with each rule minus that without, of the classes that it changes."""
    table = _table(
        "What each rule does to the IoU", ("footprint", "micro", "macro", "classes that change", "px removed")
    )
    plain = rules["scores"]["none"]
    for name, found in rules["scores"].items():
        own, base = found["per_class"], plain["per_class"]
        changes = {key: _difference(row["iou"], base[key]["iou"]) for key, row in own.items()}
        changed = ", ".join(
            f"{_words(key)} {change:+.4f}" for key, change in changes.items() if change and key != "footprint"
        )
        means = [_delta(found["pooled"][key]["iou"], plain["pooled"][key]["iou"], name) for key in ("micro", "macro")]
        footprint = _delta(own["footprint"]["iou"], base["footprint"]["iou"], name) if "footprint" in own else "–"
        table.add_row(_words(name), footprint, *means, changed, str(rules["removed_pixels"].get(name, "")))
    return table


def _table(title: str, headings: Sequence[str]) -> Table:
    table = Table(title=Text(title), box=SIMPLE, title_justify="left")
    table.add_column("", overflow="fold")
    for heading in headings:
        table.add_column(heading, justify="right", overflow="fold")
    return table


def _delta(value: float | None, base: float | None, name: str) -> str:
    """Score itself without rules, its change with one."""
    if name == "none":
        return _score(value)
    return f"{_difference(value, base):+.4f}"


def _difference(value: float | None, base: float | None) -> float:
    return (value or 0.0) - (base or 0.0)


def _spanned(span: Sequence[float | None]) -> str:
    bounds = "" if span[1] is None else f" ({span[1]:.2f}–{span[2]:.2f})"
    return f"{_score(span[0])}{bounds}"


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _words(name: str) -> str:
    return name.replace("_", " ")
