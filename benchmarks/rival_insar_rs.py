"""insar-rs: its unweighted inversion."""

from collections.abc import Mapping
from functools import partial

import insar_rs
import numpy as np

from rival_serve import Solver, serve


def prepare(case: Mapping[str, np.ndarray]) -> Solver:
    pairs, wavelength = case["pairs"].tolist(), float(case["wavelength_m"])
    firsts, seconds, days = [i for i, _ in pairs], [j for _, j in pairs], case["days"].tolist()
    unw = np.ascontiguousarray(case["unw"])
    solve = partial(insar_rs.invert_sbas, unw, firsts, seconds, days, wavelength_m=wavelength)
    return Solver(solve, lambda series: series[:, 0] * (-4 * np.pi / wavelength))


if __name__ == "__main__":
    serve(prepare)
