"""What refinement along objects reads of a scene, window by window: memory is bounded by the window."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import xarray as xr

from highwall.core.grid import Window
from highwall.patches.evidence import Surroundings
from highwall.patches.survey import Layers
from highwall.workflows.outlining.surroundings import fetched


@dataclass(frozen=True)
class SceneLayers:
    """Lazy layers on one grid; called with a window, it fetches them there."""

    probability: xr.DataArray
    """(band, y, x) [1]."""
    segments: xr.DataArray
    """(y, x) int."""
    around: Surroundings

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.segments.sizes["y"], self.segments.sizes["x"]

    def __call__(self, window: Window) -> Layers:
        """Fetch a window."""
        there = {"y": window.rows, "x": window.cols}
        cover, shadow = (
            None if layer is None else fetched(layer.isel(there))
            for layer in (self.around.land_cover, self.around.is_shadow)
        )  # fmt: skip
        around = replace(self.around, land_cover=cover, is_shadow=shadow)
        return Layers(fetched(self.probability.isel(there)), fetched(self.segments.isel(there)), around)


class Thinned(NamedTuple):
    """Every n-th pixel of every n-th row."""

    step: int

    def of(self, layer: xr.DataArray) -> xr.DataArray:
        """Thin out a layer (…, y, x); a lazy one stays lazy."""
        every = slice(None, None, self.step)
        return layer.isel(y=every, x=every)


def thinned_to(shape: tuple[int, int], *, most_px: int) -> Thinned:
    """Thin out so far that neither side is longer than ``most_px``."""
    return Thinned(max(1, -(-max(shape) // most_px)))
