"""Permits of the simulated site, and the findings that whoever compares them with the ground should come to."""

import datetime as dt
from dataclasses import dataclass

from highwall.core.truth import plan
from highwall.core.truth.outlines import Outline, area_of, beyond_line
from highwall.core.truth.site import SimulatedSite


@dataclass(frozen=True)
class Permit:
    """One mining permit."""

    permit_id: str
    holder: str
    mineral: str
    valid_from: dt.date
    valid_to: dt.date
    status: str
    outline: Outline
    """Corners in the site's CRS [m]."""


@dataclass(frozen=True)
class ExpectedFinding:
    """A planted truth: what a monitor should find at a date."""

    kind: str
    """``beyond_boundary``, ``outside_any_permit`` or ``permit_expired``."""
    outline: Outline
    """Corners of the offending ground in the site's CRS [m]."""
    permit_id: str | None
    """Permit that is broken, if any."""

    @property
    def area_m2(self) -> float:
        """Area of the offending ground."""
        return area_of(self.outline)


def permits(site: SimulatedSite) -> tuple[Permit, ...]:
    """Return the register of permits: one that holds the mine, one that has run out, one that nobody uses."""
    granted = dt.date(site.start.year - 12, 1, 1)
    runs_out = dt.date(site.start.year, 12, 31)
    holds = dt.date(site.start.year + 13, 12, 31)
    return (
        Permit("SIM-001", "Serra Mining", "iron", granted, holds, "active", site.to_crs(plan.MAIN_PERMIT)),
        Permit("SIM-002", "Vale Alto Stone", "gneiss", granted, runs_out, "active", site.to_crs(plan.QUARRY_PERMIT)),
        Permit("SIM-003", "Leste Minerals", "gold", granted, holds, "active", site.to_crs(plan.IDLE_PERMIT)),
    )


def expected_findings(site: SimulatedSite, date: dt.date) -> tuple[ExpectedFinding, ...]:
    """Findings that the truth supports at a date; ground that only touches a boundary supports none."""
    beyond = beyond_line(site.outline(plan.MAIN_PIT, date), *plan.MAIN_PERMIT_WEST)
    main, quarry, _ = permits(site)
    findings = [ExpectedFinding("outside_any_permit", site.to_crs(site.outline(plan.UNLICENSED_PIT, date)), None)]
    if len(beyond):
        findings.append(ExpectedFinding("beyond_boundary", site.to_crs(beyond), main.permit_id))
    if date > quarry.valid_to:
        outline = site.to_crs(site.outline(plan.QUARRY, date))
        findings.append(ExpectedFinding("permit_expired", outline, quarry.permit_id))
    return tuple(findings)
