"""What two people who draw the same scenes agree on: the ceiling of every score on such labels.

Where the labels at hand were drawn twice, they give their own ceiling. Else the one of ``mine-classes`` is told, which
was measured once by ``benchmarks/segmentation_ceilings.py`` and lies beside this module.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from highwall.segmentation.evaluation import Evaluation

SHIPPED: Final = Path(__file__).with_name("ceilings.json")
_SCORES: Final = ("iou", "recall", "precision")


@dataclass(frozen=True)
class Ceilings:
    """Agreement of annotators by class."""

    source: str
    """Whose, on how many scenes."""
    rows: Mapping[str, Mapping[str, Any]]
    """By class and for the footprint: scores as [value, low, high]."""

    @classmethod
    def of(cls, between: Evaluation) -> "Ceilings":
        """Take those of judged annotators."""
        intervals = between.intervals()
        rows = {column: {name: intervals[column][name] for name in _SCORES} for column in between.scored}
        return cls(f"these labels, scenes drawn by several people: {len(between.scenes)}", rows)

    def of_column(self, column: str) -> dict[str, Any] | None:
        """Scores of a class or the footprint, and where they come from; None where nobody drew it."""
        row = self.rows.get(column)
        if row is None or row["iou"][0] is None:
            return None
        return {**row, "source": self.source}


@cache
def shipped_ceilings() -> Ceilings:
    """Agreement on mine-classes."""
    content = json.loads(SHIPPED.read_text(encoding="utf-8"))
    return Ceilings(content["source"], content["per_class"])
