"""The one numba policy of every kernel.

Kernels are plain loops over ndarrays. They release the GIL, compile on first use and stay in the user's cache folder,
keyed by the sources of all kernels, so that a verb pays the compiler once a machine and no stale kernel is ever run.
Threads belong to the caller (Dask): no kernel is ``parallel``. NaN means missing everywhere, so fast maths never
includes ``nnan``.
"""

import os
from functools import cache
from hashlib import blake2b
from pathlib import Path

import numba

import highwall

FAST_MATH = {"contract", "reassoc", "arcp", "nsz"}
"""LLVM flags allowed in kernels: reassociation without the promise that NaN and infinity are absent."""


def cache_folder():
    """Folder of compiled kernels: in ``NUMBA_CACHE_DIR``, or in highwall's part of the user's cache."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("NUMBA_CACHE_DIR") or base / "highwall") / f"kernels-{_sources()}"


@cache
def _sources():
    """Digest of every module of kernels.

    numba looks only at the file of the function that is called: a kernel would keep old code of another module's.
    """
    digest = blake2b(highwall.__version__.encode(), digest_size=8)
    for path in sorted(Path(highwall.__file__).parent.glob("**/_*kernels*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def kernel(function):
    """Compile ``function`` as a kernel: no GIL, IEEE division, fast maths that keeps NaN, cached on disk."""
    numba.config.CACHE_DIR = str(cache_folder())
    return numba.njit(function, nogil=True, cache=True, error_model="numpy", fastmath=FAST_MATH)


def exact_kernel(function):
    """Compile as :func:`kernel` does, without fast maths: every caller gets the same last bit.

    For results that hang on which of two numbers is less.
    """
    numba.config.CACHE_DIR = str(cache_folder())
    return numba.njit(function, nogil=True, cache=True, error_model="numpy")


def inlined(function):
    """Part of an exact kernel, copied into each that calls it: a call would count references to its arrays."""
    return numba.njit(function, nogil=True, error_model="numpy", inline="always")
