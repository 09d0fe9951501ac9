"""Verbs on findings: look, decide, hand on."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import findings_app
from highwall.cli.telling import telling

Place = Annotated[Path, typer.Argument(help="Folder of a run, or the file of a register.")]
FindingId = Annotated[str, typer.Argument(help="Name of the finding, such as F-1220ab34.")]
By = Annotated[str, typer.Option(help="Who decides; stays in the record.")]
Why = Annotated[str, typer.Option(help="Why; stays in the record.")]


@findings_app.command("list")
def list_(
    place: Place,
    state: Annotated[str | None, typer.Option(help="new, confirmed, dismissed or closed; by default all.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write them: .csv, .geojson or .gpkg.")] = None,
) -> None:
    """List the findings of a site, the undecided first."""
    from rich.console import Console

    from highwall.workflows.console import findings_table
    from highwall.workflows.watching.findings_register import as_table, export, read_register, register_file

    with telling():
        shown = as_table(read_register(register_file(place)), state=state)
        Console().print(findings_table(shown))
        if out is not None:
            export(shown, out)
            typer.echo(f"Written: {out}")


@findings_app.command()
def show(place: Place, finding_id: FindingId) -> None:
    """Print all that is known of one finding, its life and its evidence, as JSON."""
    from highwall.workflows.watching.findings_register import read_register, register_file, told

    with telling():
        typer.echo(told(read_register(register_file(place)).find(finding_id)))


@findings_app.command()
def confirm(place: Place, finding_id: FindingId, by: By, why: Why) -> None:
    """Confirm a finding: it is what it says."""
    _decide(place, finding_id, "confirmed", by=by, why=why)


@findings_app.command()
def dismiss(place: Place, finding_id: FindingId, by: By, why: Why) -> None:
    """Dismiss a finding: it is not what it says. It comes up again only if its ground grows by half."""
    _decide(place, finding_id, "dismissed", by=by, why=why)


@findings_app.command()
def close(place: Place, finding_id: FindingId, by: By, why: Why) -> None:
    """Close a finding: it is settled. The same ground found again is a new finding."""
    _decide(place, finding_id, "closed", by=by, why=why)


def _decide(place: Path, finding_id: str, state: str, *, by: str, why: str) -> None:
    from highwall.workflows.watching.findings_register import decide, register_file

    with telling():
        entry = decide(register_file(place), finding_id, state, by=by, why=why)  # type: ignore[arg-type]
        typer.echo(f"{entry.finding_id}: {entry.events[-1].what}")
