"""Refinement by objects on real scenes: how well patches agree with polygons drawn by eye, before and after.

python benchmarks/refinement.py            all scenes with drawn polygons

The rough predictions of recipes A and B are made from these polygons; those of the chip network are its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from scipy import ndimage
from skimage.segmentation import slic

import refinement_scenes as scenes
from harness import RESULTS, Row, report
from highwall.classification.extract import SHIPPED_FOOTPRINTS, ChipModel, class_probability
from highwall.core.taxonomy import CHIP_CLASSES
from highwall.patches.attributes import mine_probability
from highwall.patches.discrepancy import boundary_distance
from highwall.patches.evidence import burn
from highwall.patches.multiresolution import segment
from highwall.patches.options import RefineOptions
from highwall.patches.outlines import outline
from highwall.patches.radiometry import normalise
from highwall.patches.refine import refine_patches

SCALE = 25.0
"""Of the segmentation; shape 0.2 and compactness 0.5, as the paper has them."""
HALF_MIN_M2 = 20_000.0
WOBBLE_PX = 3.0
"""Precision of the drawing, as its README states it."""
PARTIAL = RESULTS / "refinement.csv"
N_RESAMPLES, INTERVAL = 2000, (2.5, 97.5)
ROUGH, SUPERPIXELS = "the rough prediction", "refined by skimage slic"
MEASURES = {"iou": ("IoU", "1"), "area": ("area similarity", "1"), "boundary": ("boundary distance, mean", "m")}


@dataclass(frozen=True)
class Fit:
    """How a region agrees with what was drawn."""

    iou: float
    area: float
    """Smaller over larger area."""
    boundary: float
    """Mean distance of the two outlines, both ways [m]; NaN where there is nothing."""


def main() -> None:
    measured = measure_scenes()
    rows = [row for recipe in scenes.RECIPES for row in by_class(measured[measured["what"] == recipe], recipe)]
    for what in (*(f"{recipe}, cut from half the references" for recipe in scenes.RECIPES), "chip network, footprint"):
        rows += compared(measured[measured["what"] == what], what)
    rows += [row for recipe in scenes.RECIPES for row in beside_superpixels(measured, recipe)]
    rows += precision(measured[measured["what"] == "wobble"])
    report("refinement", rows, title="Refinement by objects, real scenes")
    PARTIAL.unlink()


def measure_scenes() -> pd.DataFrame:
    """Every case of every scene; a run that was stopped goes on behind the last scene it finished."""
    measured = pd.read_csv(PARTIAL) if PARTIAL.exists() else pd.DataFrame({"scene": []})
    for number in scenes.numbers():
        if number not in set(measured["scene"]):
            measured = pd.concat([measured, pd.DataFrame(measure_scene(number))], ignore_index=True)
            measured.to_csv(PARTIAL, index=False)
    return measured


def measure_scene(number: int) -> list[dict[str, Any]]:
    """Every case of a scene, before and after: a row each."""
    scene = scenes.read_scene(number)
    image = normalise(scene.image)
    labels = segment(image, scale=SCALE).labels
    rival = superpixels(image, n=int(labels.max()))
    rows = [row for case in scenes.cases_of(scene) for row in measure_case(case, labels, rival)]
    rows += measure_network(scene, labels)
    print(f"scene {number}: {len(rows)} rows", flush=True)
    return [{"place": scenes.places()[number], "scene": number, **row} for row in rows]


def superpixels(image: xr.DataArray, *, n: int) -> xr.DataArray:
    """About as many superpixels of the same image, where it is valid."""
    values = np.moveaxis(image.values, 0, -1)
    is_valid = np.isfinite(values).all(axis=-1)
    found = slic(np.nan_to_num(values).astype(np.uint8), n_segments=n, compactness=10.0, start_label=1, mask=is_valid)
    return image.isel(band=0, drop=True).copy(data=found.astype(np.int32)).drop_attrs(deep=False)


def measure_case(case: scenes.Case, labels: xr.DataArray, rival: xr.DataArray) -> list[dict[str, Any]]:
    half = scenes.half_of(case.references, seed=case.scene.number, min_area_m2=HALF_MIN_M2)
    rows = []
    for recipe in scenes.RECIPES:
        probability = scenes.rough(case, recipe)
        for what, references in ((recipe, case.references), (f"{recipe}, cut from half the references", half)):
            if references is not None:
                found = before_and_after(probability, labels, references, truth=case.is_reference)
                rows.append({"what": what, "name": case.name, **found})
        found = before_and_after(probability, rival, case.references, truth=case.is_reference)
        rows.append({"what": f"{recipe}, slic", "name": case.name, **found})
    wobbled = scenes.wobbled(case.is_reference, by_px=WOBBLE_PX, seed=case.scene.number)
    return [*rows, {"what": "wobble", "name": case.name, **columns("after", fit(wobbled, case.is_reference, labels))}]


def measure_network(scene: scenes.Scene, labels: xr.DataArray) -> list[dict[str, Any]]:
    """The chip network's own prediction, refined against the footprint of all drawn classes."""
    if scene.drawn.empty:
        return []
    references = scene.footprint()
    reflectance = np.ascontiguousarray(scene.image.values[::-1] / 1e4).astype("f4")
    values = class_probability(reflectance, ChipModel.open(SHIPPED_FOOTPRINTS, threads=1))
    probability = scenes.layers_of(values, scene.grid, bands=CHIP_CLASSES)
    truth = burn(references, scene.grid) & scene.is_valid
    found = before_and_after(probability, labels, references, truth=truth)
    return [{"what": "chip network, footprint", "name": "footprint", **found}]


def before_and_after(
    probability: xr.DataArray, labels: xr.DataArray, references: gpd.GeoDataFrame, *, truth: np.ndarray
) -> dict[str, float]:
    before = mine_probability(probability).values >= RefineOptions().threshold
    refined = refine_patches(probability, labels, options=RefineOptions(), references=references)
    after = refined.labels.values > 0
    found = {"cut": refined.cut.share}
    return found | columns("before", fit(before, truth, labels)) | columns("after", fit(after, truth, labels))


def fit(found: np.ndarray, truth: np.ndarray, labels: xr.DataArray) -> Fit:
    """Compare two regions of a scene."""
    common, union, areas = (found & truth).sum(), (found | truth).sum(), (found.sum(), truth.sum())
    outlines = [_outline(region, labels) for region in (truth, found)]
    apart = float("nan") if any(each.is_empty for each in outlines) else boundary_distance(
        *outlines, step_m=scenes.PIXEL_M
    ).mean_m  # fmt: skip
    return Fit(float(common / union), float(min(areas) / max(areas)), apart)


def _outline(region: np.ndarray, labels: xr.DataArray) -> Any:
    parts = ndimage.label(region)[0].astype(np.int32)
    return shapely.MultiPolygon(list(outline(parts, transform=labels.odc.geobox.transform).values()))


def columns(when: str, measured: Fit) -> dict[str, float]:
    return {f"{name}_{when}": value for name, value in vars(measured).items()}


def by_class(cases: pd.DataFrame, what: str) -> list[Row]:
    """All classes together, then each."""
    rows = compared(cases, what)
    return rows + [row for name in scenes.SURFACES for row in compared(cases[cases["name"] == name], f"{what}, {name}")]


def compared(cases: pd.DataFrame, what: str) -> list[Row]:
    """Means over cases after refinement beside those before, with the interval of the gain."""
    rows = []
    for measure, (title, unit) in MEASURES.items():
        known = cases.dropna(subset=[f"{measure}_before", f"{measure}_after"])
        gain = (known[f"{measure}_after"] - known[f"{measure}_before"]).to_numpy()
        low, high = interval(gain, known["place"].to_numpy())
        better = -gain if measure == "boundary" else gain
        note = f"change {low:+.3g} to {high:+.3g} in 95 of 100 resamples of places; {(better > 0).mean():.0%} of "
        note += f"{len(known)} cases at {known['place'].nunique()} places are better, the worst by {better.min():+.2g}"
        before, after = (float(known[f"{measure}_{when}"].mean()) for when in ("before", "after"))
        rows.append(Row(f"{what}: {title}", unit, after, ROUGH, before, note))
    return rows


def beside_superpixels(measured: pd.DataFrame, recipe: str) -> list[Row]:
    """The same refinement with the objects of another segmentation, as many of them."""
    ours, theirs = (measured[measured["what"] == what] for what in (recipe, f"{recipe}, slic"))
    rows = []
    for measure, (title, unit) in MEASURES.items():
        after = f"{measure}_after"
        apart = (ours[after].to_numpy() - theirs[after].to_numpy(), ours["place"].to_numpy())
        low, high = interval(*(values[np.isfinite(apart[0])] for values in apart))
        note = f"ours less theirs {low:+.3g} to {high:+.3g} in 95 of 100 resamples of places; as many segments"
        our_mean, their_mean = (float(found[after].mean()) for found in (ours, theirs))
        case = f"{recipe}, by segments of slic → by objects: {title}"
        rows.append(Row(case, unit, our_mean, SUPERPIXELS, their_mean, note))
    return rows


def interval(gain: np.ndarray, place: np.ndarray) -> Sequence[float]:
    """Interval of a mean over cases when places are drawn anew: cases of one place come and go together."""
    groups = [gain[place == name] for name in np.unique(place)]
    sums, sizes = np.array([group.sum() for group in groups]), np.array([group.size for group in groups])
    drawn = np.random.default_rng(0).integers(0, len(groups), (N_RESAMPLES, len(groups)))
    return np.percentile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), INTERVAL).tolist()


def precision(wobbled: pd.DataFrame) -> list[Row]:
    """What the precision of the drawing allows."""
    what = f"drawn polygons, their boundary wobbled by {WOBBLE_PX:g} pixels, against themselves"
    return [
        Row(f"{what}: {title}", unit, float(wobbled[f"{measure}_after"].mean()), note=f"{len(wobbled)} cases")
        for measure, (title, unit) in MEASURES.items()
    ]


if __name__ == "__main__":
    main()
