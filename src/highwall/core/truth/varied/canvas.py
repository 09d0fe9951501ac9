"""What is painted on, layer over layer, until it is the ground of a varied site at a date."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from highwall.core.truth.fields import Cells, Field
from highwall.core.truth.surface import LABELS, Material


@dataclass
class Canvas:
    """The ground so far; painters change it in place."""

    elevation: Field
    material: NDArray[np.uint8]
    parcel: NDArray[np.int32]
    is_riser: Cells
    labels: Cells
    """(class, y, x) in the order of LABELS."""
    look_alike: NDArray[np.uint8]
    """Codes of Likeness; 0 is none."""

    @classmethod
    def of(cls, terrain: Field) -> "Canvas":
        """Bare canvas over a terrain."""
        shape = terrain.shape
        return cls(
            elevation=terrain.copy(), material=np.full(shape, Material.GRASS, np.uint8),
            parcel=np.zeros(shape, np.int32), is_riser=np.zeros(shape, bool),
            labels=np.zeros((len(LABELS), *shape), bool), look_alike=np.zeros(shape, np.uint8),
        )  # fmt: skip

    def cover(self, cells: Cells, material: Material, *classes: str) -> None:
        """Take cells for a new use: what they were before, and were labelled, is gone."""
        self.material[cells] = material
        self.parcel[cells] = 0
        self.is_riser[cells] = False
        self.look_alike[cells] = 0
        self.labels[:, cells] = False
        self.mark(cells, *classes)

    def mark(self, cells: Cells, *classes: str) -> None:
        """Add classes to cells that keep theirs."""
        for name in classes:
            self.labels[LABELS.index(name), cells] = True

    def clear(self, cells: Cells, *classes: str) -> None:
        """Take classes off cells that keep the others."""
        for name in classes:
            self.labels[LABELS.index(name), cells] = False

    def is_labelled(self, *classes: str) -> Cells:
        """Cells of any of these classes."""
        return np.asarray(np.any([self.labels[LABELS.index(name)] for name in classes], axis=0))
