"""Pairs whose coherence is unknown: their phases are as good as any, and stay in the network."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.insar.mending.closure import sample
from highwall.insar.stack import mean_coherence


def lacking_coherence(stack: xr.Dataset) -> NDArray[np.bool_]:
    """Which pairs have no coherence at any pixel of a sample: (pair,); none of a stack that carries no coherence.

    Taken over the scene, not over a block of it, so that what is mended does not depend on how blocks are cut.
    """
    if "coh" not in stack:
        return np.zeros(stack.sizes["pair"], bool)
    lacking: NDArray[np.bool_] = ~np.isfinite(sample(stack[["coh"]])["coh"].values).any(axis=(1, 2))
    return lacking


def with_coherence(stack: xr.Dataset, *, lacking: NDArray[np.bool_]) -> xr.Dataset:
    """Stack in which each pixel's mean over its other pairs stands for the coherence of the pairs that lack it.

    Without a weight such a pair would drop out of the inversion and might split the network. A pixel where no other
    pair has a coherence keeps none; of a stack that lacks all, the layer is left out.

    Parameters
    ----------
    lacking : (pair,)
        Of :func:`lacking_coherence`.
    """
    if not lacking.any():
        return stack
    if lacking.all():
        return stack.drop_vars("coh")
    coherence = stack["coh"]
    typical = mean_coherence(stack.isel(pair=~lacking))
    kept = coherence.notnull() | xr.DataArray(~lacking, dims="pair")
    return stack.assign(coh=coherence.where(kept, typical))
