"""Single-look images that tests make: speckle of known coherence, phase of known range."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

WAVELENGTH = 0.0554658
DATES = np.array(["2023-03-19", "2023-03-31", "2023-04-12", "2023-04-24"], dtype="datetime64[ns]")


def speckle(shape: tuple[int, ...], *, seed: int) -> NDArray[np.complex128]:
    """Circular complex Gaussian of unit power."""
    real, imaginary = np.random.default_rng(seed).standard_normal((2, *shape))
    return (real + 1j * imaginary) / np.sqrt(2)


def make_slcs(range_m: NDArray[np.floating], *, coherence: float = 1.0, seed: int = 0) -> xr.Dataset:
    """Images (epoch, y, x) of the same ground: phase −4π/λ · range, any two with the given coherence."""
    common = speckle(range_m.shape[1:], seed=seed)
    own = speckle(range_m.shape, seed=seed + 1)
    ground = np.sqrt(coherence) * common + np.sqrt(1 - coherence) * own
    slc = (ground * np.exp(-4j * np.pi / WAVELENGTH * range_m)).astype(np.complex64)
    return xr.Dataset(
        {"slc": (("epoch", "y", "x"), slc)}, coords={"epoch": DATES[: len(slc)]}, attrs={"wavelength_m": WAVELENGTH}
    )


def bowl(shape: tuple[int, int], *, depth: float, width: float) -> NDArray[np.float64]:
    """Gaussian bowl in the middle, ``depth`` in any unit and ``width`` [px]."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return depth * np.exp(-((y - shape[0] / 2) ** 2 + (x - shape[1] / 2) ** 2) / (2 * width**2))


def wrapped(phase: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.angle(np.exp(1j * phase))
