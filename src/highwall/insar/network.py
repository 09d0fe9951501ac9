"""The network of a stack: its epochs, the pairs that join them, and whether they hold together.

Which pairs to use of it is chosen in ``selection``.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.errors import NetworkError, StackError


@dataclass(frozen=True)
class Network:
    """Epochs and the pairs between them."""

    epochs: NDArray[np.datetime64]
    """(epoch,) datetime64[D], in order, each once."""
    pairs: NDArray[np.int64]
    """(pair, 2) int64: numbers of the first and the second epoch, as in the stack."""
    bperp: NDArray[np.float64] | None = None
    """(pair,) float64 [m]: perpendicular baseline, NaN unknown."""

    @classmethod
    def from_stack(cls, stack: xr.Dataset) -> "Network":
        """Read the network off the coordinates ``first``, ``second`` and, if there, ``bperp``.

        Raises
        ------
        NetworkError
            There is no pair.
        StackError
            A date is missing, or a pair has the same date twice.
        """
        dates = np.stack([stack[name].values.astype("datetime64[D]") for name in ("first", "second")], axis=-1)
        if dates.size == 0:
            raise NetworkError("the stack has no pair; give at least one interferogram.")
        if np.isnat(dates).any():
            raise StackError(
                f"pair {int(np.isnat(dates).any(axis=1).argmax())} lacks a date; give 'first' and 'second'."
            )
        alike = dates[:, 0] == dates[:, 1]
        if alike.any():
            number = int(alike.argmax())
            raise StackError(f"pair {number} begins and ends on {dates[number, 0]}; leave it out.")
        epochs, numbers = np.unique(dates, return_inverse=True)
        bperp = stack["bperp"].values.astype(np.float64) if "bperp" in stack.coords else None
        return cls(epochs, numbers.reshape(dates.shape).astype(np.int64), bperp)

    @property
    def n_epochs(self) -> int:
        """How many dates."""
        return len(self.epochs)

    @property
    def n_pairs(self) -> int:
        """How many interferograms."""
        return len(self.pairs)

    @property
    def years(self) -> NDArray[np.float64]:
        """Time since the first epoch: (epoch,) [Julian year]."""
        days: NDArray[np.float64] = (self.epochs - self.epochs[0]).astype(np.float64)
        return days / DAYS_PER_YEAR

    def components(self, *, usable: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """Number the pieces of the network: (epoch,), equal where pairs tie epochs together.

        Parameters
        ----------
        usable : (pair,) bool
            Pairs that count; all by default.
        """
        pairs = self.pairs if usable is None else self.pairs[usable]
        links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(self.n_epochs, self.n_epochs))
        labels: NDArray[np.int64] = connected_components(links, directed=False)[1].astype(np.int64)
        return labels

    def epoch_bperp(self) -> NDArray[np.float64] | None:
        """Perpendicular baseline of each epoch: (epoch,) [m], least squares of the pairs', 0 at the first epoch.

        Epochs that no pair of known baseline ties to the first are NaN; None when the stack carries no baselines.
        """
        if self.bperp is None:
            return None
        known = np.isfinite(self.bperp)
        pieces = self.components(usable=known)
        first, second = self.pairs[known].T
        normal, pull = np.zeros((self.n_epochs, self.n_epochs)), np.zeros(self.n_epochs)
        for rows, cols, link in ((first, first, 1), (second, second, 1), (first, second, -1), (second, first, -1)):
            np.add.at(normal, (rows, cols), link)
        np.add.at(pull, second, self.bperp[known])
        np.add.at(pull, first, -self.bperp[known])
        solution = np.linalg.lstsq(normal, pull, rcond=None)[0]
        return np.where(pieces == pieces[0], solution - solution[0], np.nan)

    def describe(self) -> str:
        """One line for reports."""
        n_pieces = len(np.unique(self.components()))
        tied = "one piece" if n_pieces == 1 else f"{n_pieces} pieces, joined by the least velocity between them"
        return f"{self.n_epochs} epochs, {self.n_pairs} pairs, {tied}"
