"""The command line and its groups; the verbs join them in the modules beside."""

import typer

app = typer.Typer(
    name="highwall", help="Watches surface mines: from space, by radar, against their permits.", no_args_is_help=True,
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip
config_app = typer.Typer(help="Print samples and schemas of files.", no_args_is_help=True)
edge_app = typer.Typer(help="On a gateway beside the camera (needs the base layer alone).", no_args_is_help=True)
radar_app = typer.Typer(help="Radar from the archive (needs the extra archive).", no_args_is_help=True)
evaluate_app = typer.Typer(help="Score a network on data of your own.", no_args_is_help=True)
area_app = typer.Typer(help="Areas with intervals, from points that people judge.", no_args_is_help=True)
findings_app = typer.Typer(help="What was found at a site: look, decide, hand on.", no_args_is_help=True)
train_app = typer.Typer(help="Train the networks (needs the train layer: torch).", no_args_is_help=True)
app.add_typer(area_app, name="area")
app.add_typer(findings_app, name="findings")
app.add_typer(config_app, name="config")
app.add_typer(edge_app, name="edge")
app.add_typer(radar_app, name="radar")
app.add_typer(train_app, name="train")
app.add_typer(evaluate_app, name="evaluate")
