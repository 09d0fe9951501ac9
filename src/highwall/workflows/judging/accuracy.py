"""Found mines against what is known: ``accuracy.json``, a table of each side, and a picture.

Known are polygons that a person drew, which are compared object by object and pixel by pixel, or points whose truth a
person told.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.core.taxonomy import NONE
from highwall.io.aside import aside
from highwall.io.catalog import write_json
from highwall.io.vectors import read_polygons
from highwall.learning.metrics import Confusion
from highwall.patches.accuracy import ObjectAccuracy, by_cause, by_size, by_type, compare_objects, summarize
from highwall.patches.discrepancy import boundary_distances, compare_segments
from highwall.patches.evidence import burn
from highwall.patches.options import AccuracyOptions
from highwall.patches.points import pixel_accuracy, proportional, sample_points
from highwall.report.accuracy import object_map, point_map
from highwall.workflows.judging.mapped import CLASS_COLUMNS, Mapped, crs_of, cut_off, read_mapped
from highwall.workflows.judging.truth_points import read_points, with_map
from highwall.workflows.run import Outcome, Run, Stage, plain

OUTPUTS = (
    "accuracy.json", "accuracy_references.csv", "accuracy_found.csv", "accuracy_sizes.csv", "accuracy_causes.csv",
    "accuracy_types.csv", "accuracy_points.csv", "accuracy_matrix.csv", "accuracy.png",
)  # fmt: skip
"""Points, and a matrix of their classes, where there are any; the other tables where references are polygons."""


class ToScore(NamedTuple):
    """What a user gives."""

    reference: Path
    """Polygons, or a CSV of points."""
    found: Path
    """Patches, the folder of their run, or a raster of codes."""
    area: Path | None = None
    """Where both are compared."""
    causes: Path | None = None
    """Polygons with ``cause``: why a patch is hard."""

    @property
    def files(self) -> dict[str, Path]:
        """Every file that was given, by name."""
        paths = self._asdict()
        return {name: path for name, path in paths.items() if isinstance(path, Path)}


def score(run: Run, given: ToScore, *, options: AccuracyOptions) -> dict[str, Any]:
    """Hold what was found against what is known.

    Raises
    ------
    MissingInputError
        A path does not exist.
    GridError
        What was found does not measure in metres.
    InputError
        A file lacks what is needed, or the two sides do not meet.
    """
    stage = Stage("accuracy", given.files, {"accuracy": options}, OUTPUTS)
    work = _by_points if given.reference.suffix.lower() == ".csv" else _by_polygons
    return run.stage(stage, lambda: work(run, given, options))


def _by_polygons(run: Run, given: ToScore, options: AccuracyOptions) -> Outcome:
    known = _of_classes(read_polygons(given.reference), options.classes)
    mapped = read_mapped(given.found, area=given.area, references=known, options=options)
    references = cut_off(known, mapped.area)
    if references.empty:
        raise InputError(
            f"no reference of {given.reference} lies where mines were looked for; give those of this place."
        )
    causes = read_polygons(given.causes).to_crs(references.crs) if given.causes else None
    compared = compare_objects(references, mapped.polygons, min_overlap=options.min_overlap, causes=causes)
    distances = boundary_distances(references, mapped.polygons, step_m=options.step_m)
    truth = burn(references, mapped.grid)
    points = _drawn(truth, mapped, options)
    _write_tables(run, compared, distances, points)
    types = _types(references)
    if types is not None:
        _write_csv(run, "accuracy_types.csv", by_type(compared, types).rename_axis("type"), index=True)
    _write(run, "accuracy.png", object_map(mapped.is_mine, references, mapped.polygons, compared))
    facts = {
        "kind": "polygons",
        "n_references": len(references),
        "n_found": len(mapped.polygons),
        "min_overlap": options.min_overlap,
        "objects": summarize(compared).to_dict("index"),
        "n_commissions": int(compared.found["is_commission"].sum()),
        "boundary": distances.mean().to_dict(),
        "discrepancy": compare_segments(references, mapped.polygons)._asdict(),
        "pixels": _pixel_facts(truth[mapped.is_known], mapped.is_mine.values[mapped.is_known]),
    }
    if types is not None:
        facts["types"] = by_type(compared, types).to_dict("index")
    if points is not None:
        facts["points"] = _pixel_facts(points["is_mine"].to_numpy(), points["is_mapped"].to_numpy())
    return _told(run, facts)


def _by_points(run: Run, given: ToScore, options: AccuracyOptions) -> Outcome:
    points = read_points(given.reference, crs=crs_of(given.found), classes=options.classes)
    mapped = read_mapped(given.found, area=given.area, references=points, options=options)
    seen = with_map(points, mapped)
    if seen.empty:
        raise InputError(f"no point of {given.reference} lies where mines were looked for; give those of this place.")
    matrix = pd.crosstab(seen["truth"], seen["mapped"])
    _write_csv(run, "accuracy_matrix.csv", matrix, index=True)
    _write_csv(run, "accuracy_points.csv", _plain_points(seen))
    _write(run, "accuracy.png", point_map(mapped.is_mine, seen))
    weight = pd.to_numeric(seen["weight"]).to_numpy(dtype=float) if "weight" in seen else None
    found = _pixel_facts(seen["is_mine"].to_numpy(), seen["is_mapped"].to_numpy(), weight=weight)
    if left_out := len(points) - len(seen):
        run.say(f"accuracy: {left_out} of {len(points)} points are left out: the map says nothing there")
    facts = {"kind": "points", "n_found": len(mapped.polygons), "n_points": len(seen)}
    return _told(run, facts | {"n_points_left_out": left_out, "points": found})


def _types(references: gpd.GeoDataFrame) -> list[str] | None:
    """Type of each reference, where they say it and are of more than one."""
    column = next((name for name in CLASS_COLUMNS if name in references), None)
    names = [] if column is None else [str(name) for name in references[column]]
    return names if len(set(names)) > 1 else None


def _of_classes(known: gpd.GeoDataFrame, classes: tuple[str, ...]) -> gpd.GeoDataFrame:
    if not classes:
        return known
    column = next((name for name in CLASS_COLUMNS if name in known), None)
    names = [] if column is None else sorted(known[column].astype(str).unique())
    missing = [name for name in classes if name not in names]
    if missing or column is None:
        has = f"has {', '.join(names)}" if names else f"has neither a column {' nor '.join(CLASS_COLUMNS)}"
        raise InputError(f"no reference is of the class {' or '.join(missing)}; the file {has}.")
    return known[known[column].isin(classes)].reset_index(drop=True)


def _drawn(truth: NDArray[np.bool_], mapped: Mapped, options: AccuracyOptions) -> gpd.GeoDataFrame | None:
    """Points in the proportions of the land, the truth and the map at each."""
    n_points = min(options.n_points, int(mapped.is_known.sum()))
    if not n_points:
        return None
    strata = np.where(mapped.is_known, truth.astype(np.int8), -1)
    shares = proportional(strata[mapped.is_known], n_total=n_points)
    drawn = sample_points(strata, n_points=shares, seed=options.seed)
    to_place = mapped.grid.transform.to_shapely()
    middles = shapely.points(drawn.cols + 0.5, drawn.rows + 0.5)
    at = (drawn.rows, drawn.cols)
    values = {"is_mine": truth[at], "is_mapped": mapped.is_mine.values[at]}
    return gpd.GeoDataFrame(values, geometry=gpd.GeoSeries(middles).affine_transform(to_place), crs=mapped.polygons.crs)


def _pixel_facts(
    truth: NDArray[np.bool_], said: NDArray[np.bool_], *, weight: NDArray[np.float64] | None = None
) -> dict[str, Any]:
    """Error matrix of counts, and what follows from it; scores by weight where points have one."""
    scores = pixel_accuracy(truth, said, weight=weight)
    return {"matrix": Confusion.of(truth, said)._asdict(), **scores._asdict(), "is_weighted": weight is not None}


def _write_tables(run: Run, compared: ObjectAccuracy, distances: pd.DataFrame, points: gpd.GeoDataFrame | None) -> None:
    _write_csv(run, "accuracy_references.csv", pd.concat([compared.references, distances], axis=1))
    _write_csv(run, "accuracy_found.csv", compared.found)
    sizes = by_size(compared)
    sizes.index = pd.Index([f"{interval.left:g} to {interval.right:g}" for interval in sizes.index], name="area_m2")
    _write_csv(run, "accuracy_sizes.csv", sizes, index=True)
    _write_csv(run, "accuracy_causes.csv", by_cause(compared), index=True)
    if points is not None:
        _write_csv(run, "accuracy_points.csv", _plain_points(points))


def _plain_points(points: gpd.GeoDataFrame) -> pd.DataFrame:
    """A table that this verb reads again: x, y, truth and the map."""
    names = {"truth": points["is_mine"].map({True: "mine", False: NONE})} | {
        name: points[name] for name in ("truth", "mapped") if name in points
    }
    said = names.pop("mapped", points["is_mapped"].map({True: "mine", False: NONE}))
    return pd.DataFrame({"x": points.geometry.x, "y": points.geometry.y, **names, "mapped": said})


def _told(run: Run, facts: Mapping[str, Any]) -> Outcome:
    write_json(plain(facts), run.path("accuracy.json"))
    return Outcome(facts)


def _write_csv(run: Run, name: str, table: pd.DataFrame, *, index: bool = False) -> None:
    with aside(run.path(name)) as path:
        table.to_csv(path, index=index)


def _write(run: Run, name: str, picture: bytes) -> None:
    with aside(run.path(name)) as path:
        path.write_bytes(picture)


def accuracy_lines(facts: Mapping[str, Any]) -> list[str]:
    """Sentences of the result."""
    lines = []
    if facts["kind"] == "polygons":
        whole = facts["objects"]["all"]
        lines += [
            f"objects: {whole['n_identified']:.0f} of {whole['n']:.0f} references identified, "
            f"{facts['n_commissions']} of {facts['n_found']} found are no reference",
            f"those identified: area similarity {_number(whole['area_similarity'])}, IoU {_number(whole['iou'])}, "
            f"boundaries {_number(facts['boundary']['mean_m'], 0)} m apart",
            f"pixels: {_scores(facts['pixels'])}",
        ]
        lines[1:1] = _held_out_line(facts["objects"])
        lines += [
            f"{name}: {each['n_identified']:.0f} of {each['n']:.0f}, area similarity {_number(each['area_similarity'])}"
            for name, each in facts.get("types", {}).items()
        ]
    if "points" in facts:
        n_points = sum(facts["points"]["matrix"].values())
        lines.append(f"{n_points} points: {_scores(facts['points'])}")
    return [*lines, "accuracy.json: all of it"]


def _held_out_line(objects: Mapping[str, Any]) -> list[str]:
    """Sentence on the references that training did not see, where it saw some."""
    held_out, training = objects["held_out"], objects["training"]
    if not training["n"]:
        return []
    return [f"held out: {held_out['n_identified']:.0f} of {held_out['n']:.0f} identified"]


def _scores(found: Mapping[str, Any]) -> str:
    names = {"users": "user's", "producers": "producer's", "overall": "overall", "f1": "F1", "kappa": "kappa"}
    return ", ".join(f"{name} {_number(found[key])}" for key, name in names.items())


def _number(value: float | None, digits: int = 2) -> str:
    return "undefined" if value is None else f"{value:.{digits}f}"
