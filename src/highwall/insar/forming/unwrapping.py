"""From wrapped phase to continuous phase: two unwrappers, and a stack of what one gives.

A third, SNAPHU, lives in ``io.snaphu``: its licence has parts that forbid commercial use, and it works on files.
"""

from dataclasses import dataclass, field
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
from dask.delayed import delayed
from numpy.typing import NDArray

from highwall.core.checks import check_dims
from highwall.core.errors import InputError, StackError
from highwall.core.products import LAYERS
from highwall.core.unwrapper import Unwrapped, Unwrapper, unwrappable
from highwall.insar.forming.spanning_tree import unwrap_along_tree
from highwall.insar.options import UnwrappingOptions

__all__ = ["SpanningTree", "Unwrapped", "Unwrapper", "Whirlwind", "unwrap_pairs"]

MOST_LOOKS = 300.0
"""Looks up to which whirlwind tells phase noise apart: its tables of costs end there."""


@dataclass(frozen=True)
class Whirlwind:
    """Minimum-cost flow on the network of residues, costs from coherence and looks; the default.

    It uses all cores unless the environment's ``WHIRLWIND_NUM_THREADS`` says otherwise before the first call.

    Source: Costantini 1998; Carballo & Fieguth 2000; Python package whirlwind-insar.
    """

    options: UnwrappingOptions = field(default_factory=UnwrappingOptions)

    def unwrap(self, ifg: NDArray[np.complex64], coh: NDArray[np.float32], *, looks: float) -> Unwrapped:
        """Unwrap an interferogram.

        Raises
        ------
        InputError
            whirlwind is not installed.
        """
        try:
            import whirlwind  # type: ignore[import-untyped]
        except ModuleNotFoundError as error:
            raise InputError(
                "whirlwind is not installed; pip install 'highwall[space]', or set the method to 'spanning_tree'."
            ) from error
        valid = unwrappable(ifg, coh, min_coherence=self.options.min_coherence)
        if not valid.any():
            return Unwrapped.nothing(ifg.shape)
        phase, components = whirlwind.unwrap(
            np.where(valid, ifg, 0).astype(np.complex64), np.where(valid, coh, 0).astype(np.float32),
            nlooks=float(np.clip(looks, 1.0, MOST_LOOKS)), mask=valid, min_size_px=self.options.min_component_px,
        )  # fmt: skip
        return Unwrapped(np.where(valid, phase, np.nan).astype(np.float32), components.astype(np.uint16))


@dataclass(frozen=True)
class SpanningTree:
    """Sums phase differences along the tree of least roughness: small, pure, exact where there is no residue.

    Where there are residues a tree does not balance them: a difference that closes no loop goes wrong by 2π along a
    cut that nothing makes short, so that whole areas are off where a flow errs on a few pixels. Regions without a path
    of valid pixels between them get levels that are independent of one another; these regions are the connected
    components, which say nothing on how sure the phase inside is.

    Source: Herráez et al. 2002, with coherence in the measure of reliability.
    """

    options: UnwrappingOptions = field(default_factory=UnwrappingOptions)

    def unwrap(self, ifg: NDArray[np.complex64], coh: NDArray[np.float32], *, looks: float) -> Unwrapped:
        """Unwrap an interferogram; the number of looks makes no difference."""
        valid = unwrappable(ifg, coh, min_coherence=self.options.min_coherence)
        if not valid.any():
            return Unwrapped.nothing(ifg.shape)
        phase, region = unwrap_along_tree(np.angle(np.where(valid, ifg, 0)), np.where(valid, coh, 0), valid)
        return Unwrapped(phase, _largest_first(region, valid, self.options.min_component_px))


def unwrap_pairs(interferograms: xr.Dataset, unwrapper: Unwrapper) -> xr.Dataset:
    """Unwrap interferograms into a stack, pair by pair.

    Parameters
    ----------
    interferograms
        ``ifg`` (pair, y, x) complex64 and ``coh`` (pair, y, x), as
        :func:`highwall.insar.forming.interferogram.interferograms` gives them; attribute ``looks``.

    Returns
    -------
    unw : (pair, y, x) float32 [rad], positive away from the satellite, NaN missing
    coh : (pair, y, x) float32 [1]
    conncomp : (pair, y, x) uint16, 0 none

    Lazy: one Dask chunk a pair, so that memory holds the pairs that are being unwrapped. Each component of a pair is
    known up to a multiple of 2π, which a reference takes out.

    Raises
    ------
    StackError
        ``ifg``, ``coh`` or the number of looks is missing.
    """
    for name in ("ifg", "coh"):
        if name not in interferograms:
            raise StackError(f"the interferograms have no {name!r}; make them with insar.interferogram.")
        check_dims(interferograms[name], LAYERS[name].dims, name=name)
    looks = interferograms.attrs.get("looks")
    if looks is None:
        raise StackError("the interferograms do not tell their looks; set the attribute 'looks'.")
    pairs = [interferograms.isel(pair=number) for number in range(interferograms.sizes["pair"])]
    done = [delayed(unwrapper.unwrap)(pair["ifg"].data, pair["coh"].data, looks=float(looks)) for pair in pairs]
    shape = interferograms["ifg"].shape[1:]
    layers = {
        name: (LAYERS[name].dims, _stacked([getattr(one, part) for one in done], name, shape), LAYERS[name].attrs())
        for name, part in (("unw", "phase"), ("conncomp", "conncomp"))
    }
    return interferograms.drop_vars("ifg").assign(layers)


def _stacked(layers: list[Any], name: str, shape: tuple[int, ...]) -> Any:
    arrays = [da.from_delayed(layer, shape, LAYERS[name].dtype) for layer in layers]  # type: ignore[no-untyped-call]
    return da.stack(arrays)  # type: ignore[no-untyped-call]


def _largest_first(region: NDArray[np.int64], valid: NDArray[np.bool_], min_size: int) -> NDArray[np.uint16]:
    """Number regions from 1 by falling size; 0 for those below ``min_size`` and for what is not valid."""
    sizes = np.bincount(region[valid])
    order = np.argsort(-sizes, kind="stable")
    kept = order[sizes[order] >= min_size][: np.iinfo(np.uint16).max]
    number = np.zeros(len(sizes), np.uint16)
    number[kept] = np.arange(1, len(kept) + 1)
    return np.where(valid, number[region], 0).astype(np.uint16)
