"""Verbs of a gateway between tags and server."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import app
from highwall.cli.telling import telling

gateway_app = typer.Typer(help="A gateway between tags and server (needs the base layer alone).", no_args_is_help=True)
app.add_typer(gateway_app, name="gateway")

Folder = Annotated[Path, typer.Argument(help="Folder of the gateway: keys, configuration, outbox.")]


@gateway_app.command("claim")
def gateway_claim(
    folder: Folder,
    server: Annotated[str, typer.Option(help="Address of the server, as https://mine.example.")],
    code: Annotated[str, typer.Option(help="One-time code of the gateways page.", prompt=True, hide_input=True)],
    authority: Annotated[
        Path | None, typer.Option(help="Certificate that vouches for the server; by default the system's own.")
    ] = None,
) -> None:
    """Join a site: the code becomes the gateway's own key and certificate."""
    from highwall.workflows.live.gateway import join

    with telling():
        identity = join(folder, server=server, code=code, authority=authority)
        typer.echo(f"Gateway {identity.gateway} of site {identity.site}; broker {identity.host}:{identity.port}")


@gateway_app.command("run")
def gateway_run(
    folder: Folder,
    radio: Annotated[str, typer.Option(help="none, ble (needs the extra ble) or simulated.")] = "none",
) -> None:
    """Run until stopped: listen, conclude, keep, send. What the server has not confirmed stays in the outbox."""
    from highwall.core.errors import InputError
    from highwall.workflows.live.gateway import RADIOS, run, start_again

    if radio not in RADIOS:
        raise InputError(f"radio {radio!r}: choose {', '.join(RADIOS)}.")
    if run(folder, radio=radio, say=typer.echo):
        start_again()


@gateway_app.command("status")
def gateway_status(folder: Folder) -> None:
    """Print how a gateway stands, as JSON: what waits, by which configuration it works."""
    import json

    from highwall.workflows.live.gateway import standing

    typer.echo(json.dumps(standing(folder), indent=2))
