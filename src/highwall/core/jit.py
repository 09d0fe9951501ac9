"""The one numba policy of every kernel.

Kernels are plain loops over ndarrays. They release the GIL, compile on first use and stay in the user's cache folder,
keyed by the version of Highwall, so that a verb pays the compiler once a machine. Threads belong to the caller (Dask):
no kernel is ``parallel``. NaN means missing everywhere, so fast maths never includes ``nnan``.
"""

import os
from pathlib import Path

import numba

from highwall import __version__

FAST_MATH = {"contract", "reassoc", "arcp", "nsz"}
"""LLVM flags allowed in kernels: reassociation without the promise that NaN and infinity are absent."""


def cache_folder():
    """Folder of compiled kernels: ``NUMBA_CACHE_DIR``, or highwall's part of the user's cache."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("NUMBA_CACHE_DIR") or base / "highwall" / f"kernels-{__version__}")


def kernel(function):
    """Compile ``function`` as a kernel: no GIL, IEEE division, fast maths that keeps NaN, cached on disk."""
    numba.config.CACHE_DIR = str(cache_folder())
    return numba.njit(function, nogil=True, cache=True, error_model="numpy", fastmath=FAST_MATH)
