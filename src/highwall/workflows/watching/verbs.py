"""What the main job does last, each as a verb of its own: findings, reports, case files, portfolios."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from highwall.core.errors import InputError, MissingInputError
from highwall.workflows.config_files import load_run
from highwall.workflows.outlining.track import patches_file
from highwall.workflows.radar.check import store_of
from highwall.workflows.run import Run, Say, facts_of
from highwall.workflows.sites import site_of_outlines, site_of_run
from highwall.workflows.watching.assess import ToAssess, assess
from highwall.workflows.watching.case_file import case_file
from highwall.workflows.watching.findings_register import enter
from highwall.workflows.watching.portfolio import portfolio
from highwall.workflows.watching.report import report


def assess_alone(
    patches: Path,
    out: Path,
    *,
    permits: Path | None,
    fields: Mapping[str, str],
    motion: Path | None,
    date: dt.date | None,
    run_file: Path | None,
    say: Say,
    before: Path | None = None,
    register: Path | None = None,
) -> None:
    """Join patches with motion, an earlier run and permits, and enter what is found in the register.

    Raises
    ------
    MissingInputError
        There is no folder of an earlier run, or no patches in that of this one.
    """
    patches = patches_file(patches)
    if before is not None and not before.is_dir():
        raise MissingInputError(f"no folder of an earlier run at {before}; correct --before.")
    site = site_of_run(out) if (out / "stac").is_dir() else site_of_outlines(patches)
    run = Run(out, site, say)
    given = ToAssess(patches, permits, fields, store_of(motion) if motion else None, before=before)
    record = assess(run, given, on=date, options=load_run(run_file).activity, evidence={"patches": patches.name})
    enter(run, register)
    facts = facts_of(record)
    for name in facts["elsewhere"]:
        say(f"{name}: no patch lies where they do; give those of this place.")
    say(f"findings.gpkg: {facts['n_findings']} findings" + ("" if permits else "; permits were not given"))


def report_alone(folder: Path, *, say: Say) -> None:
    """Draw what a folder holds; what an earlier report said was missing is said again."""
    run = Run(folder, site_of_run(folder), say)
    linked = [name for name in run.linked() if name != "report" and run.stands(name)]
    current = [name for name in linked if run.is_current(name)]
    earlier = run.record("report")
    missing = list(earlier["highwall:parameters"]["missing"]) if earlier else []
    behind = [
        f"{name}: left out, for what it read has changed since; run it again." for name in linked if name not in current
    ]
    report(run, current, missing=missing + [sentence for sentence in behind if sentence not in missing])


def case_alone(folder: Path, finding_id: str, *, register: Path | None, say: Say) -> None:
    """Write the case file of one finding."""
    case_file(Run(folder, site_of_run(folder), say), finding_id, register=register)


def portfolio_alone(folder: Path, out: Path, *, finding: str | None, say: Say) -> None:
    """Gather many runs.

    Raises
    ------
    InputError
        A finding is asked for as well.
    """
    if finding is not None:
        raise InputError("--finding and --portfolio are two pages; ask for one of them.")
    portfolio(folder, out, say=say)
