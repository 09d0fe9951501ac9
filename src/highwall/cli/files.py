"""Verbs that print samples and schemas of files."""

import typer

from highwall.cli.apps import config_app


@config_app.command("site")
def config_site() -> None:
    """Print a commented SITE.yaml."""
    from highwall.workflows.sample import sample

    typer.echo(sample("site"), nl=False)


@config_app.command("run")
def config_run() -> None:
    """Print a commented run.yaml with every default."""
    from highwall.workflows.sample import sample

    typer.echo(sample("run"), nl=False)


@config_app.command("summary-schema")
def config_summary_schema() -> None:
    """Print the JSON Schema of summary.json."""
    import json

    from highwall.workflows.watching.summary import schema

    typer.echo(json.dumps(schema(), indent=2))
