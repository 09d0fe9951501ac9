"""Which segments count as mine: the paper's control of the total area.

Each segment i has the area A_i and shares I_i with the prediction; p_i = I_i / A_i. Segments are ranked by p, from the
highest on, and added up; the p at which the sum comes nearest the area of the references is the cut, and every segment
with p ≥ cut is kept. The paper leaves two things open, and both are options:

* *which segments are ranked*: its text ranks those that meet reference patches, its Figure 4 all that meet predictions.
  Where the references are a part of the mines (the training half), only the text's way compares like with like. Where
  they are all the mines there are, the figure's is better, since it also sees what was predicted elsewhere.
* *what is added up*: it writes I_i. A sum of intersections cannot reach the area of the references unless the
  prediction covers them all, so the cut falls toward 0 and nearly all that touches the prediction stays. A sum of A_i,
  the area that would be kept, has no such bias. It is the default.

Both were measured on 30 real scenes with polygons drawn by eye, three classes, and rough predictions made from the
polygons by blur, shift and noise, with the other options as they stand and segments of scale 25. All references given:
mean IoU 0.79 before, 0.81 with the sum of A_i (mean cut 0.42), 0.69 with that of I_i (0.04). Half of them given: 0.77
before, 0.78 by the text's ranking, 0.52 by the figure's.
"""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Cut(NamedTuple):
    """The predicted share from which a segment is kept, and how it was found."""

    share: float
    source: Literal["given", "references", "default"]
    reference_m2: float
    """Area of the references [m²]; NaN where they did not find the cut."""
    reached_m2: float
    """Area added up at the cut [m²]; NaN likewise. Far below ``reference_m2`` the prediction misses much of them."""


def rank(
    share: NDArray[Any], added_m2: NDArray[Any], *, is_ranked: NDArray[np.bool_], reference_m2: float
) -> Cut | None:
    """Find the cut at which the added area comes nearest the references'.

    Parameters
    ----------
    share : (segment,) [1]
        Predicted share of each segment.
    added_m2 : (segment,) [m²]
        What it adds to the sum.
    is_ranked : (segment,)
        Segments that take part; those without a predicted pixel never do.
    reference_m2
        Area to come near [m²].

    Returns
    -------
    cut
        Segments of equal share enter together; of two sums equally near, the smaller. None if nothing is ranked.
    """
    takes_part = is_ranked & (share > 0)
    if not takes_part.any():
        return None
    levels, place = np.unique(-share[takes_part], return_inverse=True)
    sums = np.cumsum(np.bincount(place, weights=added_m2[takes_part]))
    nearest = int(np.abs(sums - reference_m2).argmin())
    return Cut(float(-levels[nearest]), "references", reference_m2, float(sums[nearest]))


def stated(share: float, *, source: Literal["given", "default"]) -> Cut:
    """Return a cut that no reference found."""
    return Cut(share, source, float("nan"), float("nan"))
