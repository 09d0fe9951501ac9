"""What a run prints: a short table of areas, motion and findings."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from highwall.workflows.training.export import Exported

_CHIP_NUMBERS = 50
"""Characters of a line of chip scores beside the name of the family."""


def summary_table(summary: Mapping[str, Any]) -> Table:
    """Tabulate ``summary.json``: areas by class, what moved, findings, what was missing."""
    table = Table(title=Text(summary["site"]["name"]), box=SIMPLE, title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, area in (summary["area_m2"] or {}).items():
        table.add_row(f"{_words(name)}", f"{area / 1e4:,.1f} ha")
    for row in (*_motion_rows(summary), *_patch_rows(summary)):
        table.add_row(*row)
    findings = summary["findings"]
    table.add_row("findings", "not checked" if findings is None else str(len(findings)))
    for finding in findings or []:
        table.add_row(finding["finding_id"], Text(finding["statement"]))
    for sentence in summary["missing"]:
        table.add_row("missing", Text(sentence))
    for row in summary["set_aside"]:
        table.add_row("set aside", Text(f"{row['name']}: {row['reason']}"))
    return table


def score_table(scores: Mapping[str, tuple[str, str]]) -> Table:
    """Tabulate how a simulated run compares with its truth: name → (what was found, what holds)."""
    table = Table(title="Against the simulated truth", box=SIMPLE, title_justify="left")
    for heading in ("", "found", "truth"):
        table.add_column(heading)
    for name, (found, truth) in scores.items():
        table.add_row(name, found, truth)
    return table


def track_table(changes: Mapping[str, Mapping[str, float]]) -> Table:
    """Tabulate what became of patches: change → number of groups and their areas."""
    table = Table(title="Patches between the two dates", box=SIMPLE, title_justify="left")
    table.add_column("")
    for heading in ("groups", "before", "after", "gained", "lost"):
        table.add_column(heading, justify="right")
    for change, row in changes.items():
        areas = (row[f"{name}_m2"] for name in ("area_before", "area_after", "gained", "lost"))
        table.add_row(change, f"{row['n']}", *(f"{area / 1e4:,.1f} ha" for area in areas))
    return table


def area_table(classes: Any, *, coverage: float) -> Table:
    """Tabulate estimated areas with half the width of their intervals, beside what the map says."""
    from highwall.activity.area import Estimate

    table = Table(title=f"Areas, {100 * coverage:.0f} % intervals", box=SIMPLE, title_justify="left")
    table.add_column("")
    for heading in ("points", "on the map", "estimated", "user's", "producer's"):
        table.add_column(heading, justify="right")
    for row in classes.itertuples():
        low, high = Estimate(row.area_m2, row.area_std_m2).interval(coverage=coverage)
        estimated = f"{row.area_m2 / 1e4:,.1f} ± {(high - low) / 2e4:,.1f} ha"
        shares = (f"{value:.2f}" for value in (row.users, row.producers))
        table.add_row(_words(row.Index), f"{row.n_mapped}", f"{row.mapped_m2 / 1e4:,.1f} ha", estimated, *shares)
    return table


def findings_table(shown: Any) -> Table:
    """Tabulate rows of ``findings_register.as_table``."""
    table = Table(title=f"{len(shown)} findings", box=SIMPLE, title_justify="left")
    for heading in ("", "state", "seen", "probability", "statement"):
        table.add_column(heading, justify="right" if heading == "probability" else "left", overflow="fold")
    for row in shown.itertuples():
        seen = row.first_seen if row.first_seen == row.last_seen else f"{row.first_seen} to {row.last_seen}"
        seen += f"; not seen since {row.absent_since}" if row.absent_since else ""
        table.add_row(row.finding_id, row.state, seen, f"{row.probability:.2f}", Text(row.statement))
    return table


def chip_score_table(scores: Mapping[str, Any], *, width: int = 80) -> Table:
    """Tabulate scores of labelled chips: all of them, then each family, the hardest first.

    Numbers keep their width; names of families are broken behind their separators where ``width`` [character] asks it.
    """
    title = f"{_words(scores['score'])}, by family"
    table = Table(title=title, box=SIMPLE, title_justify="left", padding=0)
    table.add_column("", overflow="fold")
    for heading in ("label", "chips", "AUC", "AP", "recall\nat 1 %", "recall\nat 5 %", "calib.\nerror"):
        table.add_column(heading, justify="right", no_wrap=True, min_width=5)
    overall, families = scores["overall"], scores["families"]
    table.add_row("all", "", *_chip_cells(overall), end_section=True)
    for name in sorted(families, key=lambda name: families[name]["auc"] or 0.0):
        row = families[name]
        label = ("assumed\n" if row["label_is_assumed"] else "") + row["label"]
        table.add_row(Text(_broken(name, width - _CHIP_NUMBERS)), label, *_chip_cells(row))
    return table


def export_table(exported: "Sequence[Exported]") -> Table:
    """Tabulate exported files: size, time of a chip here, and how far each is from what it was made from."""
    table = Table(title="Exported", box=SIMPLE, title_justify="left")
    for heading in ("", "kB", "ms a chip", "largest difference", "same class"):
        table.add_column(heading, justify="left" if not heading else "right")
    for each in exported:
        difference = "" if each.largest_difference is None else f"{each.largest_difference:.2g}"
        same = "" if each.same_class is None else f"{100 * each.same_class:.1f} %"
        table.add_row(each.file.name, f"{each.file.n_bytes / 1e3:,.0f}", f"{each.chip_ms:.2f}", difference, same)
    return table


def _broken(name: str, width: int) -> str:
    """Break a name into lines of at most a width behind its separators; a part that is longer stays whole."""
    lines = [""]
    for part in re.findall(r"[^-_. ]*[-_. ]+|[^-_. ]+", name):
        if lines[-1] and len(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def _chip_cells(row: Mapping[str, Any]) -> list[str]:
    names = ("auc", "ap", "recall_at_1_percent_false_alarms", "recall_at_5_percent_false_alarms", "calibration_error")
    return [str(row["n"]), *("–" if row[name] is None else f"{row[name]:.3f}" for name in names)]


def _motion_rows(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    motion = summary["motion"]
    if not motion:
        return []
    rows = [
        ("motion", f"{motion['n_epochs']} epochs, {motion['n_pairs']} pairs, {motion['first']} to {motion['last']}")
    ]
    if motion["velocity_min"] is not None:
        span = f"{1e3 * motion['velocity_min']:+.0f} to {1e3 * motion['velocity_max']:+.0f} mm/year"
        rows.append(("line of sight", span))
    return rows


def _patch_rows(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What goes on in each patch, and how it moves; patches of which neither is known are left out."""
    rows = []
    for patch in summary["patches"] or []:
        told = [] if patch["activity"] == "unknown" else [_activity(patch)]
        if patch["motion_class"] in {"uplift", "subsidence", "decorrelated"}:
            speed = patch["fastest_velocity"]
            fastest = f", fastest {1e3 * speed:+.0f} mm/year vertical" if speed is not None else ""
            told.append(f"{patch['motion_class']}{fastest}")
        if told:
            rows.append((f"patch {patch['patch_id']}", "; ".join(told)))
    return rows


def _activity(patch: Mapping[str, Any]) -> str:
    return f"{_words(patch['activity'])} ({patch['activity_probability']:.2f})"


def _words(name: str) -> str:
    return name.replace("_", " ")
