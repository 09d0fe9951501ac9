"""The fitting under way: regions, the edges between them, and what merges them."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.patches._kernels import Edges, Regions, Rule
from highwall.patches._kernels_doubt import CUT, UNSURE, spread_doubt
from highwall.patches._kernels_grid import borders, describe, first_choice, merge_pixels
from highwall.patches._kernels_sweep import choose_edges, merge_pairs, price, regroup
from highwall.patches._kernels_worklist import (
    FULL,
    ITERATIONS,
    LIVE,
    ROOM,
    Graph,
    Work,
    choose,
    close_ranks,
    fit,
    link,
    number,
    unlink,
)

FEW = 1 / 16
"""Share of regions that merge in an iteration below which worklists take over from sweeps."""
SLACK = 0.5
"""Room for lists of merged regions, in parts of the lists in use."""


class Frame(NamedTuple):
    """Where an array of pixels lies in the whole image."""

    row: int
    col: int
    full_height: int
    full_width: int

    @classmethod
    def whole(cls, height: int, width: int) -> "Frame":
        """An array that is the whole image."""
        return cls(0, 0, height, width)


@dataclass
class RegionGraph:
    """Regions that merge. A resource, not a value: :meth:`fit` and :meth:`sweep` change it."""

    regions: Regions
    edges: Edges
    rule: Rule
    doubt: NDArray[np.uint8]
    """(region,) bits of :mod:`highwall.patches._kernels_doubt`; all 0 where the image is whole."""
    n_iterations: int
    """Iterations so far, that on the pixels included."""
    numbers: list[NDArray[np.int32]] = field(default_factory=list)
    """For each time that regions were renumbered, the new number of each."""
    _room: int = 0
    """Entries that the next iteration with worklists needs."""

    def __len__(self) -> int:
        return len(self.regions.own)

    def fit(self, threshold: float) -> None:
        """Merge mutual best pairs that cost less than ``threshold`` until none is left."""
        while self.sweep(threshold) > FEW * len(self):
            pass
        while not self._work_through(threshold):
            pass

    def sweep(self, threshold: float) -> int:
        """Do one iteration over all regions; the number of pairs that merged."""
        n = len(self)
        best, numbers, is_new = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.bool_)
        choose_edges(self.edges, self.regions.first, best)
        if self.doubt.any():
            spread_doubt(self.edges, best, self.doubt, threshold)
        left = merge_pairs(self.regions, self.edges, best, self.doubt, threshold, self.rule, numbers, is_new)
        self.n_iterations += 1
        if left < n:
            self._keep(left, numbers)
            self._renew(numbers, is_new[:left])
        return int(n - left)

    def take_numbers(self) -> NDArray[np.int32]:
        """Today's number of each region that there was when this was last asked for."""
        total = self.numbers[-1]
        for earlier in self.numbers[-2::-1]:
            total = total[earlier]
        self.numbers = [np.arange(len(self), dtype=np.int32)]
        return total

    def _work_through(self, threshold: float) -> bool:
        """Merge with worklists until nothing is left to merge (true), or the lists need to be written anew."""
        graph, work = _linked(self.regions, self.edges, self.rule, room=self._room)
        status = fit(self.regions, graph, work, self.rule, threshold)
        self.n_iterations += int(work.count[ITERATIONS])
        self._room = int(work.count[ROOM])
        numbers, left = number(work.parent), int(work.count[LIVE])
        self.edges = unlink(graph, work.parent, numbers, len(self.edges.one))
        close_ranks(self.regions, work.parent, numbers)
        self._keep(left, numbers)
        return bool(status != FULL)

    def _keep(self, left: int, numbers: NDArray[np.int32]) -> None:
        self.regions = Regions(*(column[:left] for column in self.regions))
        self.doubt = self.doubt[:left]
        self.numbers.append(numbers)

    def _renew(self, numbers: NDArray[np.int32], is_new: NDArray[np.bool_]) -> None:
        """Bring the edges up to date with regions renumbered."""
        past, edges = np.empty(len(self), np.int64), _room_for_edges(len(self.edges.one))
        regroup(self.edges, numbers, is_new, past, edges)
        left = price(self.regions, self.rule, past, edges)
        self.edges = Edges(*(column[:left] for column in edges))


def from_image(
    image: NDArray[Any], valid: NDArray[np.bool_], *, rule: Rule, threshold: float, frame: Frame
) -> tuple[RegionGraph, NDArray[np.int32]]:
    """Do the first iteration on the pixels, and build the graph of what it left; labels, 0-based, -1 invalid.

    Parameters
    ----------
    image : (band, y, x) integer or float
    valid : (y, x)
        False where a pixel belongs to no region; the image must be finite elsewhere.
    """
    origin = (frame.row, frame.col)
    labels = np.empty(valid.shape, np.int32)
    best = first_choice(image, valid, rule, threshold, origin, frame.full_width)
    n = merge_pixels(best, valid, labels)
    regions = Regions(np.zeros((n, 6), np.int32), np.zeros((n, 2, len(image))), np.empty(n), np.empty(n, np.int64))
    describe(image, labels, regions, rule, origin, frame.full_width)
    one, other = borders(labels)
    edges = Edges(one, other, np.ones(len(one), np.int32), np.full(len(one), np.nan))
    return from_edges(regions, edges, rule=rule, doubt=_doubt_at_cuts(labels, n, frame)), labels


def from_edges(regions: Regions, edges: Edges, *, rule: Rule, doubt: NDArray[np.uint8] | None = None) -> RegionGraph:
    """Build the graph of given regions, in the order of their first pixels; parallel edges become one."""
    n = len(regions.own)
    unchanged = np.arange(n, dtype=np.int32)
    state = RegionGraph(regions, edges, rule, np.zeros(n, np.uint8) if doubt is None else doubt, 1, [unchanged])
    state._renew(unchanged, np.ones(n, np.bool_))
    return state


def _doubt_at_cuts(labels: NDArray[np.int32], n: int, frame: Frame) -> NDArray[np.uint8]:
    """Doubt after the iteration on the pixels: it reaches a pixel that asked one beside a cut, two pixels deep."""
    height, width = labels.shape
    at_cut = (
        (frame.row > 0, labels),
        (frame.col > 0, labels.T),
        (frame.row + height < frame.full_height, labels[::-1]),
        (frame.col + width < frame.full_width, labels.T[::-1]),
    )
    doubt = np.zeros(n, np.uint8)
    for is_cut, inward in at_cut:
        for depth, bits in ((1, CUT), (2, UNSURE)):
            if is_cut:
                there = np.unique(inward[:depth])
                doubt[there[there >= 0]] |= bits
    return doubt


def _linked(regions: Regions, edges: Edges, rule: Rule, *, room: int) -> tuple[Graph, Work]:
    """Lists of neighbours for all regions, each of which has chosen."""
    n, n_entries = len(regions.own), 2 * len(edges.one)
    entries = n_entries + max(room, int(SLACK * n_entries))
    graph = Graph(
        np.empty(n, np.int64), np.empty(n, np.int32), np.empty(entries, np.int32), np.empty(entries, np.int32),
        edges.shared, edges.cost,
    )  # fmt: skip
    alive = np.arange(n, dtype=np.int32)
    work = Work(
        np.empty(n, np.int32), np.empty(n), alive, np.full(n, -1, np.int32), np.full(n, -1, np.int64),
        np.zeros(n, np.bool_), alive.copy(), np.empty(n, np.int32), np.array([n, link(edges, graph), 0, n, 0]),
    )  # fmt: skip
    choose(regions, graph, work, rule)
    return graph, work


def _room_for_edges(n: int) -> Edges:
    return Edges(np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n))
