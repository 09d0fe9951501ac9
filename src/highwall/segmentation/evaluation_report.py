"""Scores of a segmentation as plain values for a file: per class, per scene, together, by group, and matrices."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from highwall.core.taxonomy import BLANK, CLASS_SETS
from highwall.segmentation.averages import SCORES, absent_is_one, macro, micro, per_scene, with_background
from highwall.segmentation.evaluation import Evaluation, Judged, Row, rounded, rounded_row
from highwall.segmentation.tally import DRAWN, FOOTPRINT, NOTHING, PIT_AND_DUMP, Tally, confusion_of, row_of

GROUPINGS: Final = ("split", "material", "mine_type")
"""Properties of a scene by which scores are told apart, where scenes carry them."""
_OF_SCENE: Final = ("iou", "recall", "precision", "accuracy")
_NOT_THERE: Final[Row] = {"drawn_m2": 0.0, "said_m2": 0.0}
"""Areas of a class that an annotator did not draw where nobody said it: no score, but no ground either."""
_HECTARE_M2: Final = 1e4


def columns_report(found: Evaluation) -> dict[str, dict[str, Any]]:
    """Scores of every class and of the footprint, as [value, low, high], and the areas drawn and said."""
    intervals = found.intervals()
    return {column: {**intervals[column], **_areas(found, column)} for column in found.scored}


def averages_report(found: Evaluation) -> dict[str, dict[str, Row]]:
    """Means over the classes of each subset and over all, each convention of ``averages`` by its name."""
    report = {f"subset_{subset}": _subset_averages(found, subset) for subset in found.total.subsets}
    return report | {"all_classes": _averages(found, found.parts)}


def scenes_report(found: Evaluation) -> dict[str, dict[str, Any]]:
    """Scores of each scene: the mean over annotators, and each of them where there are several."""
    return {scene.name: _scene(found, scene) for scene in found.scenes}


def groups_report(found: Evaluation) -> dict[str, dict[str, dict[str, Any]]]:
    """Scores of all scenes of a split, a material or a mine type, where scenes carry these."""
    report: dict[str, dict[str, dict[str, Any]]] = {}
    for grouping in GROUPINGS:
        for value in sorted({scene.properties[grouping] for scene in found.scenes if grouping in scene.properties}):
            chosen = found.where(lambda scene: scene.properties.get(grouping) == value)  # noqa: B023 used at once
            report.setdefault(grouping, {})[value] = _group(chosen)
    return report


def confusion_report(found: Evaluation) -> dict[str, Any]:
    """Matrices of pixels: rows what was drawn, columns what was said; shares are of a row."""
    report: dict[str, Any] = {}
    for subset, matrix in found.total.subsets.items():
        names = ("background", *CLASS_SETS[subset])
        report[f"subset_{subset}"] = _matrix(matrix, rows=names, columns=names)
    said = (*found.classes, NOTHING)
    both = found.total.both[:, [found.columns.index(name) for name in said]]
    report["drawn_against_said"] = _matrix(both, rows=DRAWN, columns=said, totals=found.total.drawn)
    if found.total.pit_and_dump is not None:
        report["pit_against_dump"] = _matrix(found.total.pit_and_dump, rows=PIT_AND_DUMP, columns=PIT_AND_DUMP)
    return report


def false_alarm_report(found: Evaluation) -> dict[str, Any]:
    """Ground said to be mine that is none: in scenes without any mine, and on ground drawn as blank."""
    without = found.where(lambda scene: not scene.has_mine)
    return {"scenes_without_mine": invented_report(without), "blank": _on_blank(found)}


def invented_report(found: Evaluation) -> dict[str, Any] | None:
    """Ground said to be mine where nobody drew any, as area and as share of what was seen; None without scenes."""
    if not found.scenes:
        return None
    said = {column: found.said_m2(column) for column in found.scored}
    return {
        "n_scenes": len(found.scenes),
        "seen_ha": round(found.seen_m2 / _HECTARE_M2, 2),
        "said_ha": {column: round(area / _HECTARE_M2, 2) for column, area in said.items()},
        "said_share": {column: rounded(area / found.seen_m2) for column, area in said.items()},
    }


def _areas(found: Evaluation, column: str) -> dict[str, Any]:
    row = row_of(column)
    areas: dict[str, Any] = {
        "drawn_m2": round(found.drawn_m2(row), 1),
        "said_m2": round(found.said_m2(column), 1),
        "n_scenes_drawn": sum(bool(scene.tally.drawn[DRAWN.index(row)] > 0) for scene in found.scenes),
    }
    if column in found.classes and found.total.bins[found.classes.index(column), 0].any():
        areas["calibration_error"] = rounded(found.reliability_of(column).error)
    return areas


def _averages(found: Evaluation, names: Sequence[str]) -> dict[str, Row]:
    of_scenes = [[found.of(name, scene=scene) for name in names] for scene in found.scenes]
    rows = {
        "micro": micro([found.of(name) for name in names]),
        "macro": macro(found.of(name) for name in names),
        "per_scene": per_scene(of_scenes),
    }
    return {name: rounded_row(row) for name, row in rows.items()}


def _subset_averages(found: Evaluation, subset: int) -> dict[str, Row]:
    return _averages(found, CLASS_SETS[subset]) | {
        "macro_with_background": rounded_row(with_background(found.total, subset)),
        "absent_is_one": rounded_row(absent_is_one([scene.tally for scene in found.scenes], subset)),
    }


def _scene(found: Evaluation, scene: Judged) -> dict[str, Any]:
    each = {who: _scene_rows(found, tally, scene.pixel_m2) for who, tally in scene.tallies.items()}
    facts = {"site": scene.site, **scene.properties, "missing_share": rounded(scene.missing_share)}
    rows = {"footprint": None, **_mean_rows(list(each.values()))}
    several = {"annotators": each} if len(each) > 1 else {"annotator": next(iter(each))}
    return {**facts, "footprint": rows.pop(FOOTPRINT), "per_class": rows, **several}


def _scene_rows(found: Evaluation, tally: Tally, pixel_m2: float) -> dict[str, Row]:
    """Scores of the columns that were drawn or said in a scene; the footprint always."""
    rows: dict[str, Row] = {}
    for column in found.scored:
        counts = confusion_of(tally, column, columns=found.columns)
        drawn, said = (counts.true_positive + wrong for wrong in (counts.false_negative, counts.false_positive))
        if drawn or said or column == FOOTPRINT:
            rows[column] = rounded_row({name: SCORES[name](counts) for name in _OF_SCENE})
            rows[column] |= {"drawn_m2": round(drawn * pixel_m2, 1), "said_m2": round(said * pixel_m2, 1)}
    return rows


def _mean_rows(rows: Sequence[Mapping[str, Row]]) -> dict[str, Row]:
    """Mean over annotators; a score that is undefined against one of them is that against the others."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _mean_row([row.get(name, _NOT_THERE) for row in rows]) for name in names}


def _mean_row(rows: Sequence[Row]) -> Row:
    known = {key: [value for row in rows if (value := row.get(key)) is not None] for key in (*_OF_SCENE, *_NOT_THERE)}
    return {key: rounded(float(np.mean(values))) if values else None for key, values in known.items()}


def _group(found: Evaluation) -> dict[str, Any]:
    rows = {name: rounded_row({key: score(found.of(name)) for key, score in SCORES.items()}) for name in found.scored}
    footprint = rows.pop(FOOTPRINT, None)
    averages = {"micro": micro([found.of(name) for name in found.parts]), "macro": macro(map(found.of, found.parts))}
    return {
        "n_scenes": len(found.scenes), "footprint": footprint, "per_class": rows,
        "pooled": {name: rounded_row(row) for name, row in averages.items()},
    }  # fmt: skip


def _on_blank(found: Evaluation) -> dict[str, Any] | None:
    """Share of the ground drawn as blank that was said to be mine; None where nobody drew any, or it is not counted."""
    row = DRAWN.index(BLANK)
    drawn = float(found.total.drawn[row])
    if not drawn:
        return None
    shares = {name: rounded(float(found.total.both[row, found.columns.index(name)]) / drawn) for name in found.scored}
    return {"drawn_m2": round(found.drawn_m2(BLANK), 1), "said_share": shares}


def _matrix(
    counts: NDArray[np.float64],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    totals: NDArray[np.float64] | None = None,
) -> dict[str, Any]:
    """Pixels, and shares of each row; of ``totals`` where columns overlap."""
    whole = counts.sum(axis=1) if totals is None else totals
    with np.errstate(invalid="ignore"):
        shares = counts / whole[:, None]
    return {
        "rows_drawn": list(rows), "columns_said": list(columns), "pixels": np.round(counts, 1).tolist(),
        "shares": [[rounded(value) for value in row] for row in shares],
    }  # fmt: skip
