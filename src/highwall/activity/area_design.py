"""How many points to judge, and in which stratum, so that areas come out as sure as one needs them."""

import math
from collections.abc import Mapping

from highwall.core.errors import InputError


def sample_size(stratum_m2: Mapping[str, float], *, users: Mapping[str, float], overall_std: float) -> int:
    """Points that bring the standard error of overall accuracy down to a target: n = (Σ W_h S_h / S)².

    Parameters
    ----------
    stratum_m2
        Area of each stratum [m²].
    users
        User's accuracy that one expects in each stratum, 0…1; S_h = √(U (1 − U)).
    overall_std
        Standard error wanted of the overall accuracy [1].

    Raises
    ------
    InputError
        The strata differ, an accuracy is not in 0…1, or the target is not above 0.

    Source: Olofsson et al. 2014, eq. 13; Cochran 1977, eq. 5.25 for a large population.
    """
    if set(users) != set(stratum_m2):
        raise InputError(f"accuracies are given for {', '.join(users)}, areas for {', '.join(stratum_m2)}; match them.")
    if overall_std <= 0.0 or not all(0.0 <= value <= 1.0 for value in users.values()):
        raise InputError(
            f"a standard error of {overall_std:g} and accuracies {dict(users)} do not make sense; see help."
        )
    total = sum(stratum_m2.values())
    spread = sum(area / total * math.sqrt(users[name] * (1.0 - users[name])) for name, area in stratum_m2.items())
    return math.ceil((spread / overall_std) ** 2 - 1e-9)


def allocate(n_points: int, stratum_m2: Mapping[str, float], *, least: int = 50) -> dict[str, int]:
    """Share out points by area, but at least ``least`` to every stratum: rare classes need them for their own accuracy.

    Raises
    ------
    InputError
        Fewer points than ``least`` for every stratum.

    Source: Olofsson et al. 2014, section 5.1.3 (between proportional and equal).
    """
    if n_points < least * len(stratum_m2):
        raise InputError(
            f"{n_points} points do not give {least} to each of {len(stratum_m2)} strata; ask for "
            f"{least * len(stratum_m2)} or more, or lower the least."
        )
    rare: set[str] = set()
    while True:
        area = sum(value for name, value in stratum_m2.items() if name not in rare)
        left = n_points - least * len(rare)
        short = {name for name, value in stratum_m2.items() if name not in rare and left * value < least * area}
        if not short:
            break
        rare |= short
    exact = {name: left * value / area for name, value in stratum_m2.items() if name not in rare}
    return {name: least if name in rare else count for name, count in _whole(exact, left, order=stratum_m2).items()}


def _whole(exact: Mapping[str, float], total: int, *, order: Mapping[str, float]) -> dict[str, int]:
    """Round shares to whole numbers that keep their sum: the largest remainders are rounded up."""
    floors = {name: math.floor(exact.get(name, 0.0)) for name in order}
    by_remainder = sorted(exact, key=lambda name: floors[name] - exact[name])
    for name in by_remainder[: total - sum(floors.values())]:
        floors[name] += 1
    return floors
