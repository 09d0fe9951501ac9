"""Which shape, compactness and scale: as given, from references by a grid search, or from the image alone (ESP2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import xarray as xr

from highwall.core.errors import InputError
from highwall.core.grid import GeoBox, grid_of
from highwall.io.rasters import loaded
from highwall.patches.grid_search import GridSearch, burn, grid_search
from highwall.patches.options import SegmentationOptions
from highwall.patches.scale import ScaleEstimate, estimate_scale
from highwall.workflows.blocks import Crew
from highwall.workflows.config import ObjectsSection

_NO_CANDIDATE = "as given: local variance along the ladder has neither a fall nor a peak"


@dataclass(frozen=True)
class Criterion:
    """What objects are made by, and how that was found."""

    options: SegmentationOptions
    why: str
    """Where the scale comes from."""
    estimate: ScaleEstimate | None = None
    search: GridSearch | None = None

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
        return facts


def choose(
    image: xr.DataArray, references: gpd.GeoDataFrame | None, crew: Crew, *, options: ObjectsSection
) -> Criterion:
    """Choose the parameters of a segmentation.

    Parameters
    ----------
    image : (band, y, x)
        Normalised; of a large one a window is looked at: around the references, or in its middle.

    Raises
    ------
    InputError
        No reference lies on the image.
    """
    if references is not None:
        return _searched(_window(image, references, options.window_px), references, crew, options=options)
    if not options.estimate_scale:
        return Criterion(options.segmentation, "as given")
    return _estimated(_window(image, None, options.window_px), crew, options=options)


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


def _window(image: xr.DataArray, references: gpd.GeoDataFrame | None, side_px: int) -> xr.DataArray:
    """Fetch the whole image, or of a large one a window around the references or in the middle."""
    grid = grid_of(image)
    row, col = grid.shape.y / 2, grid.shape.x / 2
    if references is not None:
        row, col = _middle(references, grid)
    cut = {
        "y": _around(row, grid.shape.y, side_px),
        "x": _around(col, grid.shape.x, side_px),
    }
    return loaded(image.isel(cut))


def _middle(references: gpd.GeoDataFrame, grid: GeoBox) -> tuple[float, float]:
    """Row and column around which the references on the image lie; those of other places do not count."""
    here = references.geometry.to_crs(str(grid.crs)).intersection(grid.extent.geom)
    here = here[here.area > 0]
    if here.empty:
        raise InputError("the references do not lie on the image; give those of this place.")
    left, bottom, right, top = here.total_bounds
    col, row = ~grid.transform * ((left + right) / 2, (bottom + top) / 2)
    return float(row), float(col)


def _around(place: float, length: int, side_px: int) -> slice:
    start = int(min(max(place - side_px / 2, 0), max(length - side_px, 0)))
    return slice(start, min(start + side_px, length))
