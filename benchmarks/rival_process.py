"""A solver in the rivals' environment: a process of one thread that runs when it is told to."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from harness import RIVALS_PYTHON
from highwall.core.constants import SENTINEL1_WAVELENGTH
from insar_case import Case
from insar_scene import DAYS, LOOKS, YEARS
from insar_solvers import weights

ONE_THREAD = {
    **dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS", "NPROC"), "1"
    ),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}


class Entry(NamedTuple):
    """A rival's place in a contest."""

    name: str
    script: str
    n_pixels: int
    """Pixels that it is given at most: fewer for a slow one."""
    note: str


class RivalError(RuntimeError):
    """A rival that did not start or did not answer; the message says why."""


@dataclass
class Rival:
    """A solver of another process."""

    name: str
    note: str
    pixels: np.ndarray
    phases: np.ndarray
    process: subprocess.Popen[str]
    errors: IO[str]

    def seconds(self) -> float:
        """CPU time of one run, all threads of that process."""
        self.process.stdin.write("again\n")
        return float(_answer(self.process, self.errors))


@contextmanager
def rival(entry: Entry, case: Case, *, pixels: np.ndarray) -> Iterator[Rival]:
    """Start a rival on some pixels of a case and wait for its first answer.

    Raises
    ------
    RivalError
        The environment or the rival in it is missing, or the rival failed.
    """
    if not RIVALS_PYTHON.exists():
        raise RivalError("no environment of the rivals; make it with `make rivals`")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as errors:
        arrays, answer = Path(folder) / "case.npz", Path(folder) / "answer.npy"
        np.savez(arrays, **_arrays(case.at(pixels)))
        command = [RIVALS_PYTHON, "-W", "ignore", Path(__file__).with_name(entry.script), arrays, answer]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, bufsize=1,
            env=os.environ | ONE_THREAD,
        ) as process:  # fmt: skip
            _answer(process, errors)
            yield Rival(entry.name, entry.note, pixels, np.load(answer), process, errors)
            process.communicate()


def _arrays(case: Case) -> dict[str, object]:
    return {
        "unw": case.unw,
        "coh": case.coh,
        "weights": weights(case.coh).astype(np.float32),
        "weighted": case.weighted,
        "norm": case.norm,
        "pairs": case.pairs,
        "days": DAYS,
        "years": YEARS,
        "looks": LOOKS,
        "wavelength_m": SENTINEL1_WAVELENGTH,
    }


def _answer(process: subprocess.Popen[str], errors: IO[str]) -> str:
    line = process.stdout.readline()
    if not line:
        process.wait()
        errors.seek(0)
        raise RivalError(f"did not run: {(errors.read().strip().splitlines() or ['no message'])[-1]}")
    return line
