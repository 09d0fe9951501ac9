"""MintPy's pixel solver, called as its ``run_ifgram_inversion_patch`` calls it."""

from collections.abc import Mapping
from functools import partial

import numpy as np
from mintpy.ifgram_inversion import estimate_timeseries

from rival_serve import Solver, incidence, serve


def prepare(case: Mapping[str, np.ndarray]) -> Solver:
    years, pairs = case["years"], case["pairs"]
    spans, number = np.diff(years), np.arange(len(years) - 1)
    velocities = np.where((number >= pairs[:, :1]) & (number < pairs[:, 1:]), spans, 0.0)
    invert = partial(
        estimate_timeseries, A=incidence(pairs, len(years))[:, 1:], B=velocities, tbase_diff=spans[:, None],
        min_norm_velocity=True, min_redundancy=1.0, inv_quality_name="temporalCoherence", print_msg=False,
    )  # fmt: skip
    unw = case["unw"][:, 0]
    if case["weighted"]:
        root = np.sqrt(case["weights"][:, 0]).astype(np.float32)
        return Solver(partial(by_pixel, invert, unw, root))
    return Solver(partial(unweighted, invert, unw))


def unweighted(invert: partial, unw: np.ndarray) -> np.ndarray:
    """Pixels that have all pairs at once, the others one by one."""
    whole = np.isfinite(unw).all(axis=0)
    series = np.full((invert.keywords["A"].shape[1] + 1, unw.shape[1]), np.nan, np.float32)
    if whole.any():
        series[:, whole] = invert(y=unw[:, whole], weight_sqrt=None)[0]
    if not whole.all():
        series[:, ~whole] = by_pixel(invert, unw[:, ~whole], None)
    return series


def by_pixel(invert: partial, unw: np.ndarray, root: np.ndarray | None) -> np.ndarray:
    series = np.full((invert.keywords["A"].shape[1] + 1, unw.shape[1]), np.nan, np.float32)
    for pixel in np.flatnonzero(np.isfinite(unw).any(axis=0)):
        weight = None if root is None else root[:, pixel]
        answer, _, n_used = invert(y=unw[:, pixel], weight_sqrt=weight)
        if n_used:
            series[:, pixel] = answer[:, 0]
    return series


if __name__ == "__main__":
    serve(prepare)
