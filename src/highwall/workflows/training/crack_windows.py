"""Windows of sensors → classifiers that tell whether a crack is present: ``highwall train crack-windows``."""

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from highwall import __version__
from highwall.classification.crack_windows.boosting import fit_boosting
from highwall.classification.crack_windows.classifier import BOOSTING, CONVOLUTION
from highwall.classification.crack_windows.convolution import fit_convolution
from highwall.classification.crack_windows.options import SensorSimulationOptions
from highwall.classification.crack_windows.scores import Fit, cross_validated, report
from highwall.classification.crack_windows.simulate import simulated_windows
from highwall.classification.crack_windows.windows import SensorWindows, check_trainable
from highwall.core.errors import InputError, MissingInputError
from highwall.io.aside import write_text
from highwall.workflows.run import Say, silent

FITS: Final[dict[str, Fit]] = {BOOSTING: fit_boosting, CONVOLUTION: fit_convolution}
"""Each kind's training."""

ARRAYS: Final = ("values", "is_crack", "opens", "site")
"""Arrays of a file of windows."""


def train_crack_windows(
    data: Path | None, out: Path, *, simulation: SensorSimulationOptions | None = None, say: Say = silent
) -> dict[str, Any]:
    """Train both classifiers on all windows, and judge them by cross-validation over sites.

    Parameters
    ----------
    data
        NPZ file of ``values`` (window, sample, channel) strain [1], opening [m], tilt [rad], temperature [K], hourly;
        ``is_crack``, ``opens`` (window,) and ``site`` (window,). None simulates them.
    out
        Folder for ``boosting.onnx``, ``convolution.onnx`` and ``crack-windows.json``.

    Returns
    -------
    dict
        The content of ``crack-windows.json``.

    Raises
    ------
    MissingInputError
        There is no such file.
    InputError
        It lacks an array, holds none of either kind of window, or one site only.
    """
    simulation = simulation or SensorSimulationOptions()
    given = simulated_windows(simulation) if data is None else read_windows(data)
    windows = given.with_readings()
    check_trainable(windows)
    source = f"simulated windows, seed {simulation.seed}" if data is None else f"windows of {data.name}"
    out.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {
        "software": f"highwall {__version__}",
        "is_simulated": data is None,
        "simulation": simulation.model_dump(mode="json") if data is None else None,
        "n_without_readings": len(given.site) - len(windows.site),
        "classifiers": {},
    }
    for kind, fit in FITS.items():
        with tempfile.TemporaryDirectory() as folder:
            scored = cross_validated(windows, fit, folder=Path(folder))
        found["classifiers"][kind] = report(scored)
        fit(windows, out / f"{kind}.onnx", training_data=source)
        say(f"{kind}: average precision {found['classifiers'][kind]['average_precision'][0]} on {source}")
    write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", out / "crack-windows.json")
    return found


def read_windows(path: Path) -> SensorWindows:
    """Read windows from an NPZ file.

    Raises
    ------
    MissingInputError
        There is no such file.
    InputError
        It is no NPZ file, lacks an array, or one holds something else than readings or yes and no.
    """
    if not path.is_file():
        raise MissingInputError(f"no windows at {path}; give an .npz file.")
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path.name} is no NPZ file; save {', '.join(ARRAYS)} with numpy.savez.")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            values, is_crack, opens, site = (np.asarray(arrays[name]) for name in ARRAYS)
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path.name} holds no windows ({error}); save {', '.join(ARRAYS)} with numpy.savez."
        ) from error
    labels = _flags(is_crack, name="is_crack"), _flags(opens, name="opens")
    return SensorWindows(_readings(values), *labels, site.astype(np.str_))


def _readings(values: NDArray[Any]) -> NDArray[np.float32]:
    if values.dtype.kind not in "fiu":
        raise InputError(f"values are of type {values.dtype}; give numbers, NaN where a reading is missing.")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, which is refused with a count
        return values.astype(np.float32)


def _flags(values: NDArray[Any], *, name: str) -> NDArray[np.bool_]:
    """Yes and no as booleans, 0 or 1: anything else would silently be yes."""
    if values.dtype.kind not in "bfiu" or not np.isin(values, (0, 1)).all():
        raise InputError(f"{name} holds something else than 0 and 1; give booleans.")
    flags: NDArray[np.bool_] = values.astype(bool)
    return flags
