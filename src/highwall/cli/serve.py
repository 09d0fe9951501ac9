"""The verb that serves a live twin."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import app
from highwall.cli.telling import telling


@app.command()
def serve(
    store: Annotated[str, typer.Option(help="sqlite:///FILE, or postgresql+psycopg://….")] = "sqlite:///highwall.db",
    bus: Annotated[str, typer.Option(help="memory, mqtt://HOST:PORT or mqtts://HOST:PORT.")] = "memory",
    run: Annotated[
        list[Path] | None, typer.Option(help="Folder of `highwall monitor`, once a date; the last one counts.")
    ] = None,
    secrets: Annotated[
        Path | None, typer.Option(help="Folder of authority, keys and broker files; made if it is not there.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="serve.yaml: everything else.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen at.")] = 8080,
    pages_only: Annotated[
        bool, typer.Option("--pages-only", help="Answer browsers beside the process that runs the engine.")
    ] = False,
    new_code: Annotated[
        str | None, typer.Option(metavar="USER", help="Print a one-time code for a new password, and end.")
    ] = None,
) -> None:
    """Serve the live twin of a site: ingest, engine, alarms and pages in one process."""
    from highwall.workflows.live.verb import serve_verb

    with telling() as say:
        told = serve_verb(
            store, bus=bus, runs=run or [], secrets=secrets, config=config, address=(host, port), user=new_code,
            is_pages_only=pages_only, say=say,
        )  # fmt: skip
    if told:
        typer.echo(told)
