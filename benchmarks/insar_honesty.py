"""Whether Highwall's own numbers hold: what weighting brings, and how honest its standard errors are."""

import numpy as np
import xarray as xr

from harness import Row
from highwall.insar.inversion import invert
from highwall.insar.network import Network
from highwall.insar.series_noise import fit_noise
from highwall.insar.velocity import fit_motion
from insar_case import Case
from insar_contest import slope
from insar_scene import Scene
from insar_solvers import options_of

SPACE = ("y", "x")
SPARSE = slice(None, None, 5)
"""Pixels from which the noise of the scene is learned, along each side."""


def honesty(case: Case, ground: Scene) -> list[Row]:
    """Error against what was simulated, beside an inversion that does not weight, and beside the stated errors."""
    weighted, plain = (invert(case.stack, options=options_of(case._replace(weighted=w))) for w in (True, False))
    is_whole = weighted["n_components"].values == 1
    share = f"{is_whole.mean():.0%} of pixels, in one piece"
    return [*against_truth(case, weighted, plain, is_whole, share), *of_stated_errors(case, weighted, ground, is_whole)]


def against_truth(case: Case, weighted: xr.Dataset, plain: xr.Dataset, is_whole: np.ndarray, note: str) -> list[Row]:
    """What weighting brings where motion and delay of the air together are the truth."""
    velocity, plain_velocity = (rms((r["velocity"].values - slope(case.series))[is_whole]) for r in (weighted, plain))
    series, plain_series = (rms((r["displacement"].values - case.series)[:, is_whole]) for r in (weighted, plain))
    return [
        Row("velocity, RMS error", "mm/year", 1e3 * velocity, "ours, unweighted", 1e3 * plain_velocity, note),
        Row("displacement, RMS error", "mm", 1e3 * series, "ours, unweighted", 1e3 * plain_series, note),
    ]


def of_stated_errors(case: Case, result: xr.Dataset, ground: Scene, is_whole: np.ndarray) -> list[Row]:
    """RMS of the velocity's error over its stated error, 1 when that is honest."""
    what = "velocity error over velocity_std, RMS"
    noise_alone = (result["velocity"].values - slope(case.series)) / result["velocity_std"].values
    relative = result.assign(displacement=result["displacement"] - result["displacement"].where(is_whole).median(SPACE))
    error = fit_motion(relative["displacement"])["velocity"].values - ground.velocity
    error -= np.median(error[is_whole])
    noise = fit_noise(relative.isel(y=SPARSE, x=SPARSE), Network.from_stack(case.stack))
    stated = {
        "": fit_motion(relative["displacement"], formal_std=result["velocity_std"], noise=noise),
        "dates as independent": fit_motion(relative["displacement"]),
        "pairs' noise alone": result,
    }
    z = {name: rms((error / fitted["velocity_std"].values)[is_whole]) for name, fitted in stated.items()}
    published = z.pop("")
    note = "delay of the air counts as error"
    return [
        Row(what, "1", rms(noise_alone[is_whole]), "ideal", 1.0, "of invert; delay of the air counts as motion"),
        Row(what, "1", published, "ideal", 1.0, f"of fit_motion; {note}"),
        *(Row(what, "1", published, name, value, note) for name, value in z.items()),
    ]


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
