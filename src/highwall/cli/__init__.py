"""The command line: one line per workflow. Heavy imports stand inside the verbs, so that ``--help`` is quick."""

import sys
from typing import Annotated

import typer

from highwall import __version__
from highwall.cli import watch  # its verbs stand first in --help

# isort: split
from highwall.cli import (
    archive,
    area,
    fetch,
    files,
    findings,
    gateway,
    gateways,
    labels,
    networks,
    segment,
    sensors,
    serve,
    simulate,
    store,
    tags,
    tune,
)
from highwall.cli.apps import app
from highwall.core.errors import HighwallError

__all__ = [
    "app",
    "archive",
    "area",
    "fetch",
    "files",
    "findings",
    "gateway",
    "gateways",
    "labels",
    "main",
    "networks",
    "segment",
    "sensors",
    "serve",
    "simulate",
    "store",
    "tags",
    "tune",
    "watch",
]


_OF_TRAINING = {"lightning", "onnx", "optuna", "segmentation_models_pytorch", "timm", "torch", "torchvision"}
"""Packages that come with the layer *train*; so those of *server*."""
_OF_SERVER = {
    "argon2", "duckdb", "fastapi", "httpx", "joserfc", "psycopg", "pyotp", "rio_tiler", "segno", "sqlalchemy",
    "uvicorn",
}  # fmt: skip


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; an error that Highwall raises on purpose is one message and exit code 1."""
    try:
        app()
    except HighwallError as error:
        typer.secho(f"highwall: {error}", err=True, fg=typer.colors.RED)
        sys.exit(1)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        layer = "train" if missing in _OF_TRAINING else "server" if missing in _OF_SERVER else "space"
        typer.secho(
            f"highwall: {error}; install it with pip install 'highwall[{layer}]'", err=True, fg=typer.colors.RED
        )
        sys.exit(1)
