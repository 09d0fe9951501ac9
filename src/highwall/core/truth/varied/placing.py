"""Room for the parts of a site: circles that keep clear of one another."""

from dataclasses import dataclass, field

import numpy as np

from highwall.core.truth.varied.shapes import Point

_TRIES = 60
_MIDDLE_SPREAD = 0.08
"""Distance of a mine's middle from that of its scene, standard deviation over the scene's side [1]."""


@dataclass
class Placer:
    """Draws free places on a square site, and keeps what it gave."""

    side_m: float
    rng: np.random.Generator
    taken: list[tuple[Point, float]] = field(default_factory=list)
    """Circles that are no longer free: centre and radius [m]."""

    def middle(self, radius_m: float) -> Point:
        """Take a place near the middle of the site, whatever else is there."""
        east, north = self.side_m * (0.5 + _MIDDLE_SPREAD * self.rng.standard_normal(2).clip(-2.0, 2.0))
        return self._take((float(east), float(north)), radius_m)

    def place(self, radius_m: float, *, within_m: float = np.inf) -> Point | None:
        """Take a free place, near the first circle where ``within_m`` says so; None where nothing is free."""
        for _ in range(_TRIES):
            east, north = self.rng.uniform(0.05, 0.95, 2) * self.side_m
            if not self._is_near((east, north), within_m) or self._is_taken((east, north), radius_m):
                continue
            return self._take((float(east), float(north)), radius_m)
        return None

    def _take(self, centre: Point, radius_m: float) -> Point:
        self.taken.append((centre, radius_m))
        return centre

    def _is_near(self, centre: Point, within_m: float) -> bool:
        return not self.taken or float(np.hypot(*np.subtract(centre, self.taken[0][0]))) <= within_m

    def _is_taken(self, centre: Point, radius_m: float) -> bool:
        return any(
            float(np.hypot(*np.subtract(centre, other))) < radius_m + other_radius for other, other_radius in self.taken
        )
