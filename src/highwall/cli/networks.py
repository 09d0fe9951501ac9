"""Verbs that train, judge and export networks."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import app, evaluate_app, train_app
from highwall.cli.arguments import Out
from highwall.cli.telling import each_hundredth, telling


@train_app.command("chips")
def train_chips(
    data: Annotated[Path, typer.Argument(help="Folder with mine-chips, mine-classes and tailings-ponds.")], out: Out,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps in one cycle, for a quick try.")] = None,
    fold_steps: Annotated[int | None, typer.Option(min=1, help="The same of each fold; else as the final.")] = None,
    optimiser: Annotated[str | None, typer.Option(help="adamw, adam, rmsprop or sgd.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of weights, draws and views.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of the cross-validation, each with the next seed.")] = 1,
    split: Annotated[str, typer.Option(help="grouped (whole families), or 8:2 (flatters; to compare).")] = "grouped",
    cross_validate: Annotated[bool, typer.Option(help="Train and judge folds too; else only the network.")] = True,
    bfloat16: Annotated[bool, typer.Option("--bfloat16", help="Faster on CPUs that can, slower on others.")] = False,
) -> None:  # fmt: skip
    """Train the chip network, cross-validated by family and place, and export it. Goes on where it was stopped."""
    from highwall.workflows.train import options_of
    from highwall.workflows.train import train_chips as work

    options, protocol = options_of(
        train={
            "n_steps": steps, "n_cycles": steps and 1, "optimiser": optimiser, "seed": seed,
            "mixed_precision": bfloat16,
        },
        protocol={
            "n_seeds": seeds, "split": split, "cross_validate": cross_validate, "fold_steps": fold_steps,
        },
    )  # fmt: skip
    with telling() as say:
        work(data, out, options=options, protocol=protocol, progress=each_hundredth(say))


@app.command()
def export(
    out: Out,
    source: Annotated[
        Path | None, typer.Argument(help="ONNX file, or a training run's .ckpt; by default the shipped network.")
    ] = None,
    chips: Annotated[
        Path | None, typer.Option(help="Folder of mosaics (PNG) like what will be classed; without it no int8.")
    ] = None,
    facts: Annotated[
        Path | None, typer.Option(help="For a .ckpt: ONNX file whose facts it shares; by default the one beside it.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="SPDX identifier of your own weights, for the record.")] = None,
) -> None:
    """Write a network for others to run: ONNX in float32 and int8, checked against each other, and a STAC record."""
    from rich.console import Console

    from highwall.workflows.console import export_table
    from highwall.workflows.export import export_model

    with telling() as say:
        exported = export_model(out, source=source, chips=chips, facts=facts, licence=licence, say=say)
    Console().print(export_table(exported))


@train_app.command("cracks")
def train_cracks(
    data: Annotated[Path | None, typer.Argument(help="Photographs and masks; by default simulated ones.")] = None,
    out: Out = Path("cracks"),
    judge: Annotated[Path | None, typer.Option(help="Other photographs and masks, to judge the result on.")] = None,
) -> None:
    """Train a crack network, cross-validated by place, and export it."""
    from highwall.workflows.train_cracks import train_cracks as work

    with telling() as say:
        work(data, out, judge=judge, progress=each_hundredth(say))


@train_app.command("crack-windows")
def train_crack_windows(
    data: Annotated[Path | None, typer.Argument(help="NPZ of sensor windows; by default simulated ones.")] = None,
    out: Out = Path("crack-windows"),
) -> None:
    """Train boosting and a 1-D network to tell cracks from windows of sensors, judged by site."""
    from highwall.workflows.crack_windows import train_crack_windows as work

    with telling() as say:
        work(data, out, say=say)


@evaluate_app.command("chips")
def evaluate_chips(
    folder: Annotated[Path, typer.Argument(help="Mosaics FAMILY_S2L1C_*.png of chips of 48×48 px.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON file that takes the scores.")] = Path("scores.json"),
    weights: Annotated[Path | None, typer.Option(help="ONNX file; by default the shipped network.")] = None,
    score: Annotated[
        str | None, typer.Option(help="Class that is judged, or mine for any; by default artisanal_mine.")
    ] = None,
    positives: Annotated[
        str | None, typer.Option(help="Families that hold mines: a pattern sought in the name; else the name says it.")
    ] = None,
    negatives: Annotated[str | None, typer.Option(help="Families that hold none, likewise.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Score chips of a level that it was not made for.")] = False,
) -> None:  # fmt: skip
    """Score a network on labelled chips, by family and overall. Leaves a JSON file and two pictures beside it."""
    from rich.console import Console

    from highwall.classification.families import LabelRule
    from highwall.workflows.console import chip_score_table
    from highwall.workflows.evaluate import evaluate_chips as work

    rule = LabelRule(positives, negatives)
    with telling() as say:
        scores = work(
            folder, out, weights=weights, score=score, rule=rule, force=force, say=say, advance=say.advance
        )  # fmt: skip
    Console().print(chip_score_table(scores))
    typer.echo(f"Scores: {out}")


@evaluate_app.command("cracks")
def evaluate_cracks(
    data: Annotated[Path, typer.Argument(help="Folder of photographs and masks, as *_img beside *_lab.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON file that takes the scores.")] = Path("cracks.json"),
    weights: Annotated[Path | None, typer.Option(help="ONNX file; by default the shipped network.")] = None,
) -> None:
    """Score a crack network on labelled photographs, on pixels and chips, with planking apart."""
    from highwall.classification.cracks.card import score_table
    from highwall.workflows.train_cracks import evaluate_cracks as work

    found = work(data, out, weights=weights)
    typer.echo(score_table(found["scores"]))
    for each in found["set_aside"]:
        typer.echo(f"set aside: {each['name']} {each['reason']}", err=True)
