"""What goes wrong and when: falls, the crack, cut links, floods, faults of sensors."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np

from highwall.twin.simulator.chance import chance
from highwall.twin.simulator.layout import Layout
from highwall.twin.simulator.options import FaultKind, Scenario, SimulationOptions

LOGGER: Final = "logger-1"
"""The thing that babbles in a flood."""
_SPACING_S: Final = 600.0
_CUT_S: Final = 1800.0
_FLOOD_S: Final = 60.0


class IncidentKind(StrEnum):
    """What happens to a person."""

    FALL = "fall"
    """Free fall, impact, lying still."""
    FAINT = "faint"
    """A slump without impact, lying still."""
    STUMBLE = "stumble"
    """A fall from which the person gets up after seconds, and says so with the tag's button."""
    JUMP = "jump"
    """Off a step: an impact, and on with the work."""


_DOWN_S: Final = {
    IncidentKind.FALL: 900.0,
    IncidentKind.FAINT: 900.0,
    IncidentKind.STUMBLE: 12.0,
    IncidentKind.JUMP: 1.0,
}
_ANSWER_S: Final = 14.0
"""s after a stumble at which the person presses the tag's button: I am all right."""


class Incident(NamedTuple):
    """One thing that happens to one person."""

    asset_id: str
    kind: IncidentKind
    at_s: float
    down_s: float
    """How long the person stays there [s]."""
    peak: float
    """m s⁻², greatest acceleration of the impact; 0: none."""
    turn: float
    """rad, by which the body turns."""
    is_sideways: bool
    button_s: float | None = None
    """When the person presses the tag's button [s]."""


class CrackGrowth(NamedTuple):
    """The crack at the crest: v = scale / (failure - t), so that 1/v falls on a straight line to 0 at failure."""

    onset_s: float
    failure_s: float
    scale_m: float = 0.03
    """m, opening while the time left falls by a factor e (Fukuzono 1985, exponent 2)."""


class Span(NamedTuple):
    """A stretch of time of one gateway or thing."""

    subject: str
    from_s: float
    to_s: float


class Fault(NamedTuple):
    """A sensor that fails for some time."""

    datastream: str
    kind: FaultKind
    from_s: float
    to_s: float


class Script(NamedTuple):
    """Everything that goes wrong."""

    incidents: tuple[Incident, ...]
    crack: CrackGrowth | None
    cuts: tuple[Span, ...]
    floods: tuple[Span, ...]
    faults: tuple[Fault, ...]

    def is_cut(self, gateway: str, seconds: float) -> bool:
        """Whether a gateway's link is down at a time [s]."""
        return self.arrives_s(gateway, seconds) != seconds

    def arrives_s(self, gateway: str, seconds: float) -> float:
        """When what a gateway hears at a time comes to the server [s]: at once, or when the link is back."""
        held = (cut.to_s for cut in self.cuts if cut.subject == gateway and cut.from_s <= seconds < cut.to_s)
        return next(held, seconds)


def script_of(options: SimulationOptions, layout: Layout, *, fit_to_fail: Sequence[str]) -> Script:
    """Write down what goes wrong; the faults fall on the datastreams that may fail, one each."""
    chosen, duration = set(options.scenarios), options.duration_s
    crack = CrackGrowth(0.1 * duration, 0.85 * duration) if Scenario.CRACK in chosen else None
    cut_s, flood_s = min(0.15 * duration, _CUT_S), min(0.05 * duration, _FLOOD_S)
    begin = options.trouble_s
    return Script(
        _incidents(options, layout) if Scenario.FALL in chosen else (),
        crack,
        (Span("gw-plant", begin, begin + cut_s),) if Scenario.CUT_LINK in chosen else (),
        (Span(LOGGER, begin, begin + flood_s),) if Scenario.FLOOD in chosen else (),
        _faults(options, fit_to_fail),
    )


def _incidents(options: SimulationOptions, layout: Layout) -> tuple[Incident, ...]:
    people = [bearer.asset_id for bearer in layout.bearers if bearer.kind == "person"]
    spacing = min(0.1 * options.duration_s, _SPACING_S)
    return tuple(
        _incident(asset_id, kind, at_s=options.trouble_s + number * spacing, seed=options.seed)
        for number, (asset_id, kind) in enumerate(zip(people, IncidentKind, strict=False))
    )


def _incident(asset_id: str, kind: IncidentKind, *, at_s: float, seed: int) -> Incident:
    random = chance(seed, f"{asset_id}/{kind}")
    peak = 0.0 if kind is IncidentKind.FAINT else float(random.uniform(32.0, 70.0))
    turn = 0.0 if kind is IncidentKind.JUMP else float(np.radians(random.uniform(70.0, 110.0)))
    button = at_s + _ANSWER_S if kind is IncidentKind.STUMBLE else None
    return Incident(asset_id, kind, at_s, _DOWN_S[kind], peak, turn, bool(random.random() < 0.3), button)


def _faults(options: SimulationOptions, fit_to_fail: Sequence[str]) -> tuple[Fault, ...]:
    random = chance(options.seed, "faults")
    order = random.permutation(len(fit_to_fail))
    found = []
    for index, kind in zip(order, options.faults, strict=False):
        begin, length = random.uniform(0.25, 0.5), random.uniform(0.2, 0.4)
        span = begin * options.duration_s, (begin + length) * options.duration_s
        found.append(Fault(fit_to_fail[index], kind, float(span[0]), float(span[1])))
    return tuple(sorted(found, key=lambda fault: fault.from_s))
