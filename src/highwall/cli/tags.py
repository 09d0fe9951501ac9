"""Verbs on tags: issue and print, print again, check what was typed."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import app
from highwall.cli.telling import telling

tags_app = typer.Typer(help="Labels of tags (needs the layer server).", no_args_is_help=True)
app.add_typer(tags_app, name="tags")

Store = Annotated[
    str, typer.Option(envvar="HIGHWALL_STORE", help="Store of the twin: sqlite:///FILE or postgresql+psycopg://….")
]
Sheet = Annotated[Path, typer.Option("--out", "-o", help="File of the labels: .pdf or .png.")]
Title = Annotated[str, typer.Option(help="Stands on each label: 24 letters, without accents.")]


@tags_app.command()
def sheet(
    store: Store,
    out: Sheet,
    n: Annotated[int, typer.Option("-n", min=1, max=10_000, help="New tags; a sheet holds 21.")] = 21,
    title: Title = "Highwall",
) -> None:
    """Issue new tags and print their labels, each with a Code 128 and a QR code, on A4 with 3 × 7 labels."""
    from highwall.workflows.live.tags import issue_tags

    with telling():
        _tell(issue_tags(store, out, n=n, title=title).files)


@tags_app.command()
def again(
    tags: Annotated[list[str], typer.Argument(help="Names of tags, as TAG-7K3M9Q2C.")],
    store: Store,
    out: Sheet,
    title: Title = "Highwall",
) -> None:
    """Print labels of tags that were issued before."""
    from highwall.workflows.live.tags import print_again

    with telling():
        _tell(print_again(store, out, scanned=tags, title=title).files)


@tags_app.command()
def check(tag: Annotated[str, typer.Argument(help="What a scanner read or a person typed.")]) -> None:
    """Check the letters of one tag and print its name."""
    from highwall.twin.tags import read_scan

    with telling():
        typer.echo(read_scan(tag))


def _tell(files: tuple[Path, ...]) -> None:
    for file in files:
        typer.echo(f"Written: {file}")
