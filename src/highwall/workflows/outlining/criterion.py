"""Which shape, compactness and scale: as given, from references by a grid search, or from the image alone (ESP2)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from highwall.core.errors import InputError
from highwall.core.grid import GeoBox, grid_of
from highwall.io.rasters import loaded
from highwall.patches.grid_search import GridSearch, burn, grid_search
from highwall.patches.options import SegmentationOptions
from highwall.patches.scale import ScaleEstimate, estimate_scale
from highwall.workflows.blocks import Crew
from highwall.workflows.config import ObjectsSection

_NO_CANDIDATE = "the default: local variance along the ladder has neither a fall nor a peak"
_SEARCHED = ("scale", "shape", "compactness")
_MOST_PLACES = 200
"""References, the largest ones, around which a window is tried."""


@dataclass(frozen=True)
class Criterion:
    """What objects are made by, and how that was found."""

    options: SegmentationOptions
    why: str
    """Where the scale comes from."""
    estimate: ScaleEstimate | None = None
    search: GridSearch | None = None
    seen_share: float = 1.0
    """Share of the area of the references on the image that lay in the window of the search."""

    def facts(self) -> dict[str, Any]:
        """Plain values for the record."""
        options = self.options
        facts: dict[str, Any] = {"scale": options.scale, "shape": options.shape, "compactness": options.compactness}
        facts |= {"weights": options.weights, "scale_why": self.why}
        if self.estimate is not None:
            facts["candidates"] = self.estimate.candidates.reset_index().to_dict("records")
        if self.search is not None:
            facts |= {"search": self.search.table.to_dict("records")}
            facts |= {"search_by_scale": self.search.by_scale.reset_index().to_dict("records")}
            facts |= {"references_seen_share": self.seen_share}
        return facts


def choose(
    image: xr.DataArray, references: gpd.GeoDataFrame | None, crew: Crew, *, options: ObjectsSection
) -> Criterion:
    """Choose the parameters of a segmentation.

    Parameters
    ----------
    image : (band, y, x)
        Normalised; of a large one a window is looked at: where it holds most of the references, or in the middle.

    Raises
    ------
    InputError
        No reference lies on the image, or what they would search is given.
    """
    given, side_px = options.segmentation, options.window_px
    middle = (image.sizes["y"] / 2, image.sizes["x"] / 2)
    if references is not None:
        _check_free(given)
        place = densest(references, grid_of(image), side_px=side_px)
        found = _searched(_window(image, (place.row, place.col), side_px), references, crew, options=options)
        return replace(found, seen_share=place.share)
    if options.estimate_scale:
        return _estimated(_window(image, middle, side_px), crew, options=options)
    return Criterion(given, "as given" if "scale" in given.model_fields_set else "the default")


def _check_free(given: SegmentationOptions) -> None:
    fixed = [name for name in _SEARCHED if name in given.model_fields_set]
    if fixed:
        raise InputError(
            f"references search {', '.join(_SEARCHED)}, but {' and '.join(fixed)} {'is' if len(fixed) == 1 else 'are'} "
            "given; leave out either (objects.segmentation in run.yaml, or the options of the same names)."
        )


def _estimated(image: xr.DataArray, crew: Crew, *, options: ObjectsSection) -> Criterion:
    given = options.segmentation
    crew.advance("local variance", 0, 1)
    estimate = _estimate(image, given, options)
    scale, why = pick(estimate, otherwise=given.scale)
    return Criterion(given.model_copy(update={"scale": scale}), why, estimate)


def pick(estimate: ScaleEstimate, *, otherwise: float) -> tuple[float, str]:
    """Take one of ESP2's candidates, and say why.

    Source: Drăguţ et al. 2014 take the scale before local variance first falls; where it never does, the highest peak
    of its rate of change stands in.
    """
    candidates = estimate.candidates
    falls, peaks = (candidates[candidates["kind"] == kind] for kind in ("decrease", "peak"))
    if len(falls):
        return float(falls.index.to_numpy()[0]), "estimated: the first scale after which local variance does not grow"
    if len(peaks):
        highest = int(peaks["rate_of_change"].argmax())
        return float(peaks.index.to_numpy()[highest]), "estimated: the highest peak of the rate of change"
    return otherwise, _NO_CANDIDATE


def _searched(image: xr.DataArray, references: gpd.GeoDataFrame, crew: Crew, *, options: ObjectsSection) -> Criterion:
    """Search shape and compactness at the paper's scale, then the scale among the candidates for these."""
    given = options.segmentation
    estimates: list[ScaleEstimate] = []

    def candidates(shape: float, compactness: float) -> list[float]:
        found = _estimate(image, given.model_copy(update={"shape": shape, "compactness": compactness}), options)
        estimates.append(found)
        return [float(scale) for scale in found.candidates.index.to_numpy()]

    def map_trials(trial: Any, pairs: Iterable[tuple[float, float]]) -> Iterable[Any]:
        for done, row in enumerate(crew.executor.map(trial, pairs), start=1):
            crew.advance("shape and compactness", done, len(options.search.shapes) * len(options.search.compactnesses))
            yield row

    found = grid_search(
        image, burn(references, image), scales=candidates, options=options.search, weights=given.weights,
        map_trials=map_trials,
    )  # fmt: skip
    scale = given.scale if found.scale is None else found.scale
    why = _NO_CANDIDATE
    if found.scale is not None:
        why = "searched: of ESP2's candidates the one with the fewest objects inside the references"
    changes = {"scale": scale, "shape": found.shape, "compactness": found.compactness}
    return Criterion(given.model_copy(update=changes), why, estimates[0], found)


def _estimate(image: xr.DataArray, criterion: SegmentationOptions, options: ObjectsSection) -> ScaleEstimate:
    return estimate_scale(
        image, options=options.ladder, shape=criterion.shape, compactness=criterion.compactness,
        weights=criterion.weights,
    )  # fmt: skip


def _window(image: xr.DataArray, place: tuple[float, float], side_px: int) -> xr.DataArray:
    """Fetch the whole image, or of a large one a window around a row and column."""
    rows, cols = (_around(at, image.sizes[dim], side_px) for at, dim in zip(place, ("y", "x"), strict=True))
    return loaded(image.isel(y=rows, x=cols))


class Place(NamedTuple):
    """The middle of a window."""

    row: float
    col: float
    share: float
    """Share of the references' area on the image that the window holds."""


def densest(references: gpd.GeoDataFrame, grid: GeoBox, *, side_px: int) -> Place:
    """Find the window that holds most of the references' area, those of other places left out.

    Tried are the windows around the middle of all, and around each of the largest: of references far apart the middle
    of all may hold none.

    Raises
    ------
    InputError
        No reference lies on the image.
    """
    inside = references.geometry.to_crs(str(grid.crs)).intersection(grid.extent.geom)
    here = gpd.GeoSeries(inside.to_numpy()).affine_transform((~grid.transform).to_shapely())  # columns and rows
    here = here[here.area > 0]
    if here.empty:
        raise InputError("the references do not lie on the image; give those of this place.")
    left, top, right, bottom = here.total_bounds
    largest = here.iloc[np.argsort(-here.area.to_numpy(), kind="stable")[:_MOST_PLACES]].centroid
    middles = [((top + bottom) / 2, (left + right) / 2), *zip(largest.y, largest.x, strict=True)]
    areas = [_area_within(here, middle, grid, side_px) for middle in middles]
    best = int(np.argmax(areas))
    return Place(float(middles[best][0]), float(middles[best][1]), float(areas[best] / here.area.sum()))


def _area_within(shapes: gpd.GeoSeries, middle: tuple[float, float], grid: GeoBox, side_px: int) -> float:
    rows, cols = (_around(at, length, side_px) for at, length in zip(middle, grid.shape, strict=True))
    return float(shapely.area(shapely.clip_by_rect(shapes, cols.start, rows.start, cols.stop, rows.stop)).sum())


def _around(place: float, length: int, side_px: int) -> slice:
    start = int(min(max(place - side_px / 2, 0), max(length - side_px, 0)))
    return slice(start, min(start + side_px, length))
