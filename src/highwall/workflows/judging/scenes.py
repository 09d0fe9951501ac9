"""A labelled scene → what a network says of it, with and without rules, counted against everyone who drew it."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from rasterio.features import geometry_mask

from highwall.core.bands import OPTICAL
from highwall.core.errors import InputError
from highwall.core.grid import GeoBox, Window, pixel_sides_m
from highwall.imagery.options import QualityOptions
from highwall.imagery.quality import evaluable, quality
from highwall.segmentation.dataset import Sample
from highwall.segmentation.decision import decide
from highwall.segmentation.evaluation import Judged
from highwall.segmentation.evaluation_options import EvaluationOptions
from highwall.segmentation.fitness import SceneFacts, check_suits
from highwall.segmentation.labels import Mask, has_class, is_inside
from highwall.segmentation.predict import stream_strips
from highwall.segmentation.rules import Ground, apply_rules
from highwall.segmentation.tally import Said, Tally, join_tallies, tally_scene
from highwall.workflows.judging.judge import ALL_RULES, AS_SAID, Judge
from highwall.workflows.labels.files import RasterMask
from highwall.workflows.mapping.mining_rules import UNCLEAR, land_cover_on

BoolArray = NDArray[np.bool_]


class JudgedScene(NamedTuple):
    """One scene judged."""

    variants: dict[str, Judged]
    """By variant of the rules."""
    label: BoolArray
    """(class, y, x) what was said, after all rules that were asked for."""
    masks: dict[str, Mask]
    """(y, x) what each annotator drew."""
    valid: BoolArray
    """(y, x) where the scene has data."""
    removed: dict[str, int]
    """Pixels that each rule took back alone."""
    unused: dict[str, str]
    """Rules that could not be applied, and why."""


def judge_scene(sample: Sample, judge: Judge) -> JudgedScene:
    """Run a network over a labelled scene and count.

    Raises
    ------
    ModelError
        The network does not suit the scene.
    InputError
        The scene has no pixel that both data and labels know, or the map of land cover cannot be used.
    """
    _check(sample, judge)
    masks = sample.masks()
    plain, label, valid = _said(sample, masks, judge)
    if not any(float(tally.n) for tally in plain.values()):
        raise InputError("no pixel has both data and labels; check that the scene is not empty.")
    classes, side_m = judge.segmenter.metadata.classes, pixel_sides_m(sample.grid)
    facts = _Facts(sample, side_m[0] * side_m[1], 1.0 - float(np.mean(valid & _labelled(masks))))
    variants, removed, unused = {AS_SAID: facts.judged(plain)}, dict[str, int](), dict[str, str]()
    ground = _ground(sample, valid, judge, side_m=side_m) if judge.rules.names else None
    last = label
    for name, options in judge.variants.items():
        if ground is None or name == AS_SAID:
            continue
        result = apply_rules(Said(classes, label), ground, options=options)
        last, unused = result.said.label, unused | result.unused
        if name != ALL_RULES:
            removed |= result.removed
        tallies = {
            who: replace(tally_scene(mask, result.said, valid=valid, options=judge.options), bins=plain[who].bins)
            for who, mask in masks.items()
        }
        variants[name] = facts.judged(tallies)
    return JudgedScene(variants, last, masks, valid, removed, unused)


def judge_annotators(
    sample: Sample,
    masks: Mapping[str, Mask],
    *,
    valid: BoolArray,
    classes: tuple[str, ...],
    options: EvaluationOptions,
) -> Judged | None:
    """Hold each annotator of a scene against each other one, as if that one were a network; None where there is one."""
    tallies = {}
    for drawn, said in permutations(masks, 2):
        label = np.stack([has_class(masks[said], name) for name in classes])
        both_know = valid & is_inside(masks[said])
        tallies[f"{drawn} by {said}"] = tally_scene(
            masks[drawn], Said(classes, label), valid=both_know, options=options
        )
    if not tallies:
        return None
    rows, columns = pixel_sides_m(sample.grid)
    return Judged(sample.name, sample.group, tallies, rows * columns)


def label_kind(sample: Sample, annotator: str) -> str:
    """``polygons``, or ``bits``, ``codes`` or ``layers`` of a raster; ``other`` from other readers."""
    reader = sample.read_masks[annotator]
    if isinstance(reader, RasterMask):
        return reader.kind
    return "polygons" if hasattr(reader, "polygons") else "other"


class _Facts(NamedTuple):
    """What a judged scene carries beside its counts."""

    sample: Sample
    pixel_m2: float
    missing_share: float

    def judged(self, tallies: Mapping[str, Tally]) -> Judged:
        known = {name: getattr(self.sample, name) for name in ("split", "material", "mine_type")}
        properties = {name: str(value) for name, value in known.items() if value is not None}
        return Judged(
            self.sample.name, self.sample.group, tallies, self.pixel_m2, missing_share=self.missing_share,
            properties=properties,
        )  # fmt: skip


def _check(sample: Sample, judge: Judge) -> None:
    """Refuse a scene that the network does not suit; one that does not say its level is taken at the network's."""
    metadata, (rows, columns) = judge.segmenter.metadata, pixel_sides_m(sample.grid)
    level = metadata.level if sample.level == "unknown" else sample.level
    facts = SceneFacts(sample.name, sample.bands, level, float(np.sqrt(rows * columns)), sample.is_simulated)
    check_suits(metadata, facts, force=judge.force)


def _said(sample: Sample, masks: Mapping[str, Mask], judge: Judge) -> tuple[dict[str, Tally], BoolArray, BoolArray]:
    """Counts against each annotator, what is said (class, y, x), and where there are data (y, x), strip by strip."""
    metadata = judge.segmenter.metadata
    channels = [sample.bands.index(band) for band in metadata.bands]
    label = np.zeros((len(metadata.classes), *sample.shape), dtype=bool)
    valid = np.zeros(sample.shape, dtype=bool)
    parts: dict[str, list[Tally]] = {who: [] for who in masks}

    def read(y0: int, y1: int, x0: int, x1: int) -> NDArray[np.float32]:
        pixels: NDArray[np.float32] = sample.image(Window(slice(y0, y1), slice(x0, x1)))[channels]
        return pixels

    for strip in stream_strips(read, sample.shape, judge.segmenter, options=judge.mapping):
        place, has_data = strip.window.slices, ~np.isnan(strip.probability[0])
        here = decide(np.nan_to_num(strip.probability), metadata, threshold=judge.mapping.threshold)
        here &= has_data
        label[:, *place], valid[place] = here, has_data
        said = Said(metadata.classes, here, np.nan_to_num(strip.probability))
        for who, mask in masks.items():
            parts[who].append(tally_scene(mask[place], said, valid=has_data, options=judge.options))
    return {who: join_tallies(tallies) for who, tallies in parts.items()}, label, valid


def _labelled(masks: Mapping[str, Mask]) -> BoolArray:
    return np.asarray(np.any([is_inside(mask) for mask in masks.values()], axis=0))


def _ground(sample: Sample, valid: BoolArray, judge: Judge, *, side_m: tuple[float, float]) -> Ground:
    """What rules need to know of a scene."""
    cover = judge.land_cover
    path = cover / f"{sample.name}.tif" if cover and cover.is_dir() else cover
    land_cover = None if path is None or not path.exists() else land_cover_on(path, sample.grid)
    wanted = {"unclear"} & set(judge.rules.names)
    return Ground((side_m[1], side_m[0]), ~valid, land_cover, _unclear(sample) if wanted else None)


def _unclear(sample: Sample) -> BoolArray | None:
    """Pixels under cloud or snow; None where the bands cannot tell both."""
    optical = [number for number, name in enumerate(sample.bands) if name in OPTICAL]
    names = [sample.bands[number] for number in optical]
    values = sample.image()[optical]
    scene = xr.DataArray(values, coords={"band": names}, dims=("band", "y", "x"))
    if not {"cloud", "snow"} <= set(evaluable(scene)):
        return None
    return np.asarray((quality(scene, QualityOptions()) & UNCLEAR) > 0)


def on_polygons(polygons: gpd.GeoDataFrame, grid: GeoBox) -> BoolArray:
    """Pixels of a grid whose centre lies in a polygon: (y, x)."""
    placed = polygons.to_crs(str(grid.crs)).geometry
    inside: BoolArray = geometry_mask(placed, out_shape=grid.shape, transform=grid.transform, invert=True)
    return inside
