"""`highwall labels compare`: how far two annotators agree, where they do not, and one drawing made of both."""

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
from odc.geo.geom import box

from highwall import __version__
from highwall.core.errors import HighwallError, InputError, MissingInputError, SetAside
from highwall.core.grid import GeoBox, grid_over, utm_crs
from highwall.io.aside import write_text
from highwall.io.catalog import write_json
from highwall.io.vectors import read_features
from highwall.learning.bootstrap import Interval
from highwall.learning.groups import Extent
from highwall.segmentation.adjudication import adjudicate, disagreements
from highwall.segmentation.agreement import (
    SCORES,
    Agreement,
    DrawnTwice,
    agree,
    called_instead,
    kappa_of_subsets,
)
from highwall.segmentation.label_options import AgreementOptions
from highwall.segmentation.labels import rasterise
from highwall.segmentation.splits import near_groups
from highwall.workflows.datasets.reading import extent_of, hull, reasons_of
from highwall.workflows.labels.check import scene_of, scenes_in
from highwall.workflows.labels.files import VECTORS, files_below, key_of, read_labels
from highwall.workflows.run import Say, silent

REPORT: Final = "agreement.json"
TABLE: Final = "agreement.csv"
_MOST_PIXELS: Final = 200_000_000
"""Pixels on which drawings without a scene are counted, at most: more than a tile of Sentinel-2."""


class _Pair(NamedTuple):
    """Two files of one scene."""

    scene: str
    first: Path
    second: Path
    annotators: tuple[str, str]


class _Drawn(NamedTuple):
    """Two drawings of one scene, in metres, and the grid on which they are counted."""

    pair: _Pair
    first: gpd.GeoDataFrame
    second: gpd.GeoDataFrame
    grid: GeoBox


def compare_labels(
    first: Path,
    second: Path | None = None,
    *,
    images: Path | None = None,
    decisions: Path | None = None,
    out: Path | None = None,
    options: AgreementOptions | None = None,
    say: Say = silent,
) -> dict[str, Any]:
    """Compare the drawings of two annotators.

    Parameters
    ----------
    first, second
        Two files, two folders of files of the same names, or one folder with files ``SCENE-ANNOTATOR``.
    images
        Folder of the scenes, or the one scene, whose pixels are counted; without, pixels over both drawings are, which
        leaves IoU and F1 as they are and makes kappa smaller.
    decisions
        Disagreements that somebody decided: a file, or a folder of files named by scene.
    out
        Folder that takes ``agreement.json``, ``agreement.csv``, ``disagreements`` and ``adjudicated``, a GeoJSON each
        scene.

    Returns
    -------
    dict
        The content of ``agreement.json``.

    Raises
    ------
    MissingInputError
        A path does not exist.
    InputError
        No scene was drawn twice, or no pair can be read; the message gives the reasons.
    """
    chosen = options or AgreementOptions()
    drawn, set_aside = _read(_pairs(first, second), scenes=scenes_in(images), pixel_m=chosen.pixel_m)
    for name, reason in set_aside:
        say(f"{name} set aside: {reason}")
    twice = _masks(drawn)
    agreement = agree(twice, chosen)
    report: dict[str, Any] = {
        "software": f"highwall {__version__}",
        "options": chosen.model_dump(mode="json"),
        "scenes": [{"scene": each.scene, "group": each.group, "annotators": each.annotators} for each in twice],
        "classes": {name: _row(found) for name, found in agreement.items()},
        "kappa_of_subsets": {str(subset): _number(kappa) for subset, kappa in kappa_of_subsets(twice).items()},
        "called_instead_px": called_instead(twice),
        "set_aside": [each._asdict() for each in set_aside],
    }
    if out is not None:
        _write(drawn, report, out, decisions=decisions, options=chosen)
    return report


def _pairs(first: Path, second: Path | None) -> list[_Pair]:
    """Files of one scene by two annotators."""
    for path in (first, second):
        if path is not None and not path.exists():
            raise MissingInputError(f"no labels at {path}; check the path.")
    if second is None:
        if first.is_file():
            raise InputError(f"{first.name} is one drawing; give the other annotator's too, or a folder of both.")
        return _pairs_within(first)
    if first.is_dir() != second.is_dir():
        raise InputError(f"{first} and {second} are a folder and a file; give two of a kind.")
    if first.is_file():
        who = (first.stem, second.stem)
        scene = first.stem.rpartition("-")[0] if _scene(first.stem) == _scene(second.stem) else first.stem
        return [_Pair(scene or first.stem, first, second, _distinct(*who))]
    return _pairs_between(first, second)


def _pairs_within(folder: Path) -> list[_Pair]:
    """Every two files ``SCENE-ANNOTATOR`` of one scene."""
    by_scene: dict[str, dict[str, Path]] = {}
    for path in files_below(folder, VECTORS):
        scene, dash, annotator = key_of(path, folder).rpartition("-")
        if dash:
            by_scene.setdefault(scene, {})[annotator] = path
    return [
        _Pair(scene, files[one], files[other], (one, other))
        for scene, files in by_scene.items()
        for one, other in itertools.combinations(sorted(files), 2)
    ]


def _pairs_between(first: Path, second: Path) -> list[_Pair]:
    """Files of one name in two folders; those whose names differ in the annotator alone too."""
    who = _distinct(first.name, second.name)
    names = [{key_of(path, folder): path for path in files_below(folder, VECTORS)} for folder in (first, second)]
    same = [_Pair(key, path, names[1][key], who) for key, path in names[0].items() if key in names[1]]
    scenes = {_scene(key): path for key, path in names[1].items() if key not in names[0]}
    other = [
        _Pair(_scene(key), path, scenes[_scene(key)], who)
        for key, path in names[0].items()
        if key not in names[1] and _scene(key) in scenes
    ]
    return same + other


def _scene(key: str) -> str:
    """Name of a scene without its annotator."""
    return key.rpartition("-")[0] or key


def _distinct(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one != other else ("first", "second")


def _read(
    pairs: Sequence[_Pair], *, scenes: Mapping[str, GeoBox], pixel_m: float
) -> tuple[list[_Drawn], list[SetAside]]:
    """Read both drawings of each scene; a pair that cannot be read is set aside."""
    drawn, set_aside = [], []
    for pair in pairs:
        try:
            drawn.append(_drawn(pair, scene_of(pair.first.stem, scenes) or scene_of(pair.scene, scenes), pixel_m))
        except HighwallError as error:
            set_aside.append(SetAside(pair.scene, str(error)))
    if pairs and not drawn:
        raise InputError(f"no pair of drawings can be read:\n{reasons_of(set_aside)}")
    return drawn, set_aside


def _drawn(pair: _Pair, scene: GeoBox | None, pixel_m: float) -> _Drawn:
    tables = [read_labels(path).to_crs("EPSG:4326") for path in (pair.first, pair.second)]
    grid = scene or _grid_over([table for table in tables if len(table)], pixel_m)
    crs = utm_crs(*grid.extent.to_crs("EPSG:4326").centroid.coords[0])
    one, other = (table.to_crs(crs) for table in tables)
    return _Drawn(pair, one, other, grid)


def _grid_over(tables: Sequence[gpd.GeoDataFrame], pixel_m: float) -> GeoBox:
    """Grid over all polygons (EPSG:4326) of drawings without a scene.

    Raises
    ------
    InputError
        There is no polygon, or the drawings are of different places.
    """
    if not tables:
        raise InputError("neither annotator drew anything, and no scene was given; there is nothing to compare.")
    extents = [Extent(*(float(value) for value in table.total_bounds)) for table in tables]
    if not extents[0].overlaps(extents[-1]):
        raise InputError("the drawings do not meet; compare two of one scene, or give the scene with --images.")
    west, south, east, north = hull(extents)
    crs = utm_crs((west + east) / 2, (south + north) / 2)
    grid = grid_over(box(west, south, east, north, crs="EPSG:4326"), crs=crs, resolution_m=pixel_m)
    if grid.shape.y * grid.shape.x > _MOST_PIXELS:
        raise InputError(
            f"drawings span {grid.shape.y} × {grid.shape.x} pixels of {pixel_m:g} m; give the scene with --images."
        )
    return grid


def _masks(drawn: Sequence[_Drawn]) -> list[DrawnTwice]:
    """Masks of both annotators; scenes that overlap are of one group."""
    groups = near_groups({each.pair.scene: extent_of(each.grid) for each in drawn}, distance_m=0.0)
    return [
        DrawnTwice(
            each.pair.scene, groups[each.pair.scene], rasterise(each.first, each.grid),
            rasterise(each.second, each.grid), each.pair.annotators,
        )
        for each in drawn
    ]  # fmt: skip


def _row(found: Agreement) -> dict[str, Any]:
    scores = {name: _interval(found.scores[name]) for name in SCORES}
    by_scene = {
        key: {
            "iou": _number(count.iou),
            "both_px": int(count.true_positive),
            "only_first_px": int(count.false_negative),
            "only_second_px": int(count.false_positive),
        }
        for key, count in found.by_scene.items()
    }
    return {"pixels": found.pixels, "n_scenes": len(by_scene), **scores, "by_scene": by_scene}


def _interval(found: Interval | None) -> dict[str, float | None] | None:
    return None if found is None else {name: _number(value) for name, value in found._asdict().items()}


def _number(value: float) -> float | None:
    """Rounded; JSON knows no NaN."""
    return None if math.isnan(value) else round(value, 4)


def _write(
    drawn: Sequence[_Drawn], report: dict[str, Any], out: Path, *, decisions: Path | None, options: AgreementOptions
) -> None:
    write_json(report, out / REPORT)
    write_text(_csv(report), out / TABLE)
    for each in drawn:
        name = f"{each.pair.scene}.geojson"
        listed = disagreements(each.first, each.second, annotators=each.pair.annotators, options=options)
        _write_geojson(listed, out / "disagreements" / name)
        made = adjudicate(each.first, each.second, decisions=_decisions(decisions, name), options=options)
        _write_geojson(made, out / "adjudicated" / name)


def _decisions(path: Path | None, name: str) -> gpd.GeoDataFrame | None:
    """Decided disagreements of one scene."""
    if path is None:
        return None
    if not path.exists():
        raise MissingInputError(f"no decisions at {path}; check the path.")
    file = path / name if path.is_dir() else path
    return read_features(file) if file.exists() else None


def _write_geojson(table: gpd.GeoDataFrame, path: Path) -> Path:
    return write_text(table.to_crs("EPSG:4326").to_json(drop_id=True, ensure_ascii=False) + "\n", path)


def _csv(report: dict[str, Any]) -> str:
    """Agreement by class, as a table."""
    lines = ["class,pixels_first,pixels_second,n_scenes," + ",".join(f"{s},{s}_low,{s}_high" for s in SCORES)]
    for name, row in report["classes"].items():
        cells = [name, *row["pixels"], row["n_scenes"]]
        for score in SCORES:
            found = row[score] or {}
            cells += ["" if found.get(key) is None else found[key] for key in ("value", "low", "high")]
        lines.append(",".join(map(str, cells)))
    return "\n".join(lines) + "\n"
