"""What the maps of a motion come to: numbers for people and machines, places worth a look."""

import numpy as np
import xarray as xr

from highwall.insar.quality import FLAGS

NUMBERED = ("velocity", "n_components", "decorrelated", "share_open", "n_repaired_pairs", "n_valid_pairs")
"""Layers that :func:`summarize` reads."""

_APART = 0.05
"""Share of the map's longer side by which places lie apart."""

Place = tuple[float, float]
"""x and y of the map."""


def summarize(maps: xr.Dataset) -> dict[str, float | None]:
    """Shares of pixels [1] and the extremes of the velocity [m year⁻¹] where the network is whole; None without any.

    Parameters
    ----------
    maps : the layers of ``NUMBERED`` (y, x), in memory
    """
    velocity = maps["velocity"].where(maps["n_components"] == 1)
    is_measured = bool(velocity.notnull().any())
    n_seen = max(int((maps["n_valid_pairs"] > 0).sum()), 1)
    return {
        "share_split": float((maps["n_components"] > 1).mean()),
        "share_decorrelated": float(maps["decorrelated"].mean()),
        "velocity_min": float(velocity.min()) if is_measured else None,
        "velocity_max": float(velocity.max()) if is_measured else None,
        "share_repaired": float((maps["n_repaired_pairs"] > 0).sum()) / n_seen,
        "share_left_open": float((maps["share_open"] > 0).sum()) / n_seen,
    }


def fastest_places(maps: xr.Dataset, *, count: int) -> list[Place]:
    """Places of the fastest ground that kept its coherence, some way apart, fastest first.

    Parameters
    ----------
    maps : velocity, decorrelated (y, x), in memory
    """
    speed = abs(maps["velocity"]).where(~maps["decorrelated"]).values
    apart = max(int(_APART * max(speed.shape)), 1)
    found: list[Place] = []
    while len(found) < count and np.isfinite(speed).any():
        row, col = np.unravel_index(int(np.nanargmax(speed)), speed.shape)
        found.append((float(maps["x"][col]), float(maps["y"][row])))
        speed[max(row - apart, 0) : row + apart + 1, max(col - apart, 0) : col + apart + 1] = np.nan
    return found


def reference_place(quality: xr.DataArray) -> Place | None:
    """Centre of the pixels that ``insar_quality`` (y, x) marks as the reference; None without any."""
    rows, cols = np.nonzero(quality.values & FLAGS["reference"])
    return (float(quality["x"][cols].mean()), float(quality["y"][rows].mean())) if rows.size else None
