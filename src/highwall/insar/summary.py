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
    """Shares of what the radar saw [1] and the extremes of the velocity [m year⁻¹] where the phase is believed.

    Seen are pixels with a phase and those that decorrelated; what lies outside the swath does not count. The extremes
    are those of pixels with a whole network that kept their coherence, as the maps draw them; None without any.

    Parameters
    ----------
    maps : the layers of ``NUMBERED`` (y, x), in memory
    """
    velocity = maps["velocity"].where((maps["n_components"] == 1) & ~maps["decorrelated"])
    is_measured = bool(velocity.notnull().any())
    is_seen = (maps["n_valid_pairs"] > 0) | maps["decorrelated"]

    def share(where: xr.DataArray) -> float:
        return float((where & is_seen).sum()) / max(int(is_seen.sum()), 1)

    return {
        "share_split": share(maps["n_components"] > 1),
        "share_decorrelated": share(maps["decorrelated"]),
        "velocity_min": float(velocity.min()) if is_measured else None,
        "velocity_max": float(velocity.max()) if is_measured else None,
        "share_repaired": share(maps["n_repaired_pairs"] > 0),
        "share_left_open": share(maps["share_open"] > 0),
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
