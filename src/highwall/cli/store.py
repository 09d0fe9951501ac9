"""Verbs on the live twin's store: backups, a rebuild from the journal, history that leaves and comes back."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import app
from highwall.cli.telling import telling

store_app = typer.Typer(
    help="The live twin's store: backups and history (needs the server layer).", no_args_is_help=True
)
app.add_typer(store_app, name="store")

Store = Annotated[str, typer.Option(help="sqlite:///FILE, or postgresql+psycopg://….")]
Backup = Annotated[Path, typer.Argument(help="File of the backup.")]
_DEFAULT = "sqlite:///highwall.db"


@store_app.command("backup")
def back_up(path: Backup, store: Store = _DEFAULT) -> None:
    """Copy the store to a file while it works, and check the copy."""
    from highwall.workflows.live import store as workflow

    with telling():
        made = workflow.back_up(store, path)
        typer.echo(f"{made.path}: {made.n_tables} tables, {made.n_bytes} bytes, SHA-256 {made.sha256}")
        typer.echo(f"NOT IN IT: the key of the authenticators, {workflow.key_of(store)}. Keep a copy of it elsewhere.")


@store_app.command()
def verify(path: Backup) -> None:
    """Check that a backup can be read from end to end."""
    from highwall.twin.sql.backup import verify as check

    with telling():
        found = check(path)
        typer.echo(f"{found.path}: a sound backup of {found.kind}, {found.n_tables} tables, SHA-256 {found.sha256}")


@store_app.command()
def restore(path: Backup, store: Store = _DEFAULT) -> None:
    """Put a backup back where there is no store yet; gateways are asked for what it misses."""
    from highwall.workflows.live import store as workflow

    with telling():
        for event in workflow.put_back(path, store):
            typer.echo(f"{event.what}: {event.detail}")
        if locked_out := workflow.locked_out(store):
            typer.echo(
                f"KEY MISSING: put it back as {workflow.key_of(store)}, or {', '.join(locked_out)} cannot log in."
            )


@store_app.command()
def rebuild(
    store: Store = _DEFAULT,
    config: Annotated[Path | None, typer.Option(help="serve.yaml of the server, so that its options hold.")] = None,
) -> None:
    """Work states, alarms and readings out again from the journal, and tell what differs; no server may run."""
    from highwall.workflows.live.store_rebuild import rebuild as work

    with telling() as say:
        done = work(store, config=config, advance=say.advance)
    typer.echo(f"STORE REBUILT: {done.n_readings} readings were worked out again from the journal.")
    if not done.is_whole:
        typer.echo("The journal was trimmed: what is older than it stands as it stood.")
    typer.echo("\n".join(map(str, done.differences)))


@store_app.command()
def export(
    before: Annotated[str, typer.Argument(help="Day, as 2026-11-01: months that ended before it leave.")],
    folder: Annotated[Path, typer.Argument(help="Where the Parquet files go.")],
    store: Store = _DEFAULT,
) -> None:
    """Write old months to Parquet files, and drop them from the store."""
    from highwall.workflows.live import store as workflow

    with telling():
        written = workflow.export_before(store, before, folder=folder)
        typer.echo("\n".join(map(str, written)) or "No month ended before then.")


@store_app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Parquet files that left the store.")], store: Store = _DEFAULT
) -> None:
    """Put readings of history files back into the store, each once."""
    from highwall.workflows.live import store as workflow

    with telling():
        typer.echo(f"{workflow.import_files(store, paths)} readings are in the store.")
