"""The stacks that solvers are given: the published survey's network with gaps, split, whole, and with annual pairs."""

from typing import Literal, NamedTuple

import numpy as np
import xarray as xr

from highwall.core.constants import SENTINEL1_WAVELENGTH
from insar_scene import (
    DATES,
    Block,
    Scene,
    displacement,
    interferograms,
    missing_where_incoherent,
    short_pairs,
    smooth,
    with_annual_pairs,
)

SPLIT_SHARE, BLUNDERS = 0.2, 0.05
METRES_PER_RADIAN = -SENTINEL1_WAVELENGTH / (4 * np.pi)


class Case(NamedTuple):
    """A stack, whether its pairs are weighted by coherence, and the truth."""

    name: str
    unw: np.ndarray
    """(pair, y, x) float32 [rad], second minus first, NaN missing."""
    coh: np.ndarray
    pairs: np.ndarray
    """(pair, 2) numbers of the dates."""
    weighted: bool
    series: np.ndarray
    """(epoch, y, x) float32 [m], toward the satellite, delay of the air included: what an inversion can find."""
    norm: Literal["L2", "L1"] = "L2"

    @property
    def stack(self) -> xr.Dataset:
        """The case as Highwall reads it."""
        return xr.Dataset(
            {"unw": (("pair", "y", "x"), self.unw), "coh": (("pair", "y", "x"), self.coh)},
            coords={"first": ("pair", DATES[self.pairs[:, 0]]), "second": ("pair", DATES[self.pairs[:, 1]])},
            attrs={"wavelength_m": SENTINEL1_WAVELENGTH},
        )

    @property
    def missing(self) -> float:
        """Share of the phases that are missing."""
        return float(np.isnan(self.unw).mean())

    @property
    def pixels(self) -> np.ndarray:
        """Numbers of all pixels, row after row."""
        return np.arange(self.unw[0].size)

    def at(self, pixels: np.ndarray) -> "Case":
        """Some of the pixels, in one row."""
        cut = (array.reshape(len(array), -1)[:, None, pixels] for array in (self.unw, self.coh, self.series))
        unw, coh, series = (np.ascontiguousarray(array) for array in cut)
        return self._replace(unw=unw, coh=coh, series=series)


def gaps(of: Scene, *, weighted: bool) -> Case:
    """Phases of low coherence are missing, as in the survey."""
    pairs = short_pairs()
    name = "gaps, weighted" if weighted else "gaps, unweighted"
    return _case(name, of, missing_where_incoherent(_pairs_of(of, pairs)), pairs=pairs, weighted=weighted)


def split(of: Scene) -> Case:
    """In a fifth of the pixels, which lie together, no pair spans the middle of the time: two pieces; else no gaps."""
    pairs, side = short_pairs(), len(of.velocity)
    block = _pairs_of(of, pairs)
    patches = smooth(np.random.default_rng(3), side, 0.02 * side)
    spans_middle = (pairs < len(DATES) // 2).sum(axis=1) == 1
    block.unw[spans_middle[:, None, None] & (patches < np.quantile(patches, SPLIT_SHARE))] = np.nan
    return _case(f"{SPLIT_SHARE:.0%} split, weighted", of, block, pairs=pairs, weighted=True)


def whole(of: Scene, *, weighted: bool) -> Case:
    """Nothing is missing."""
    pairs = short_pairs()
    name = "no gaps, weighted" if weighted else "no gaps, unweighted"
    return _case(name, of, _pairs_of(of, pairs), pairs=pairs, weighted=weighted)


def blunders(of: Scene) -> Case:
    """Nothing is missing, but one phase in twenty is off by a cycle; the sum of misfits is to be least."""
    case, rng = whole(of, weighted=False), np.random.default_rng(5)
    cycles = rng.choice(np.array([-1, 0, 1], np.float32), case.unw.shape, p=[BLUNDERS / 2, 1 - BLUNDERS, BLUNDERS / 2])
    return case._replace(name=f"{BLUNDERS:.0%} off by 2π, L1", unw=case.unw + np.float32(2 * np.pi) * cycles, norm="L1")


def wide(of: Scene) -> Case:
    """Pairs of one year too, so that the normal matrix is no narrow band."""
    pairs = with_annual_pairs(short_pairs())
    block = missing_where_incoherent(_pairs_of(of, pairs))
    return _case("annual pairs, gaps, weighted", of, block, pairs=pairs, weighted=True)


def _pairs_of(of: Scene, pairs: np.ndarray) -> Block:
    return interferograms(np.random.default_rng(11), displacement(of), of.coherence, pairs=pairs)


def _case(name: str, of: Scene, block: Block, *, pairs: np.ndarray, weighted: bool) -> Case:
    return Case(name, block.unw, block.coh, pairs, weighted, displacement(of))
