"""Verbs that train, judge and export networks."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import app, evaluate_app, train_app
from highwall.cli.arguments import Out, level_of, words_of
from highwall.cli.telling import each_hundredth, telling


@train_app.command("chips")
def train_chips(
    data: Annotated[Path, typer.Argument(help="Folder with mine-chips, mine-classes and tailings-ponds.")], out: Out,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps in one cycle, for a quick try.")] = None,
    fold_steps: Annotated[int | None, typer.Option(min=1, help="The same of each fold; else as the final.")] = None,
    optimiser: Annotated[str | None, typer.Option(help="adamw, adam, rmsprop or sgd.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of weights, draws and views.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of the cross-validation, each with the next seed.")] = 1,
    seed_folds: Annotated[int | None, typer.Option(min=1, help="Folds that later seeds run; else all.")] = None,
    split: Annotated[str, typer.Option(help="grouped (whole families), or 8:2 (flatters; to compare).")] = "grouped",
    cross_validate: Annotated[bool, typer.Option(help="Train and judge folds too; else only the network.")] = True,
    bfloat16: Annotated[bool, typer.Option("--bfloat16", help="Faster on CPUs that can, slower on others.")] = False,
    features: Annotated[
        Path | None, typer.Option(help="Weights of EfficientNet-Lite0 (.pth): adds a second reader, begun from them.")
    ] = None,
) -> None:  # fmt: skip
    """Train the chip network, cross-validated by family and place, and export it. Goes on where it was stopped."""
    from highwall.workflows.training.chips import options_of, with_second_reader
    from highwall.workflows.training.chips import train_chips as work

    options, protocol = options_of(
        train={
            "n_steps": steps, "n_cycles": steps and 1, "optimiser": optimiser, "seed": seed,
            "mixed_precision": bfloat16, "network": features and with_second_reader(),
        },
        protocol={
            "n_seeds": seeds, "n_seed_folds": seed_folds, "split": split, "cross_validate": cross_validate,
            "fold_steps": fold_steps,
        },
    )  # fmt: skip
    with telling() as say:
        work(data, out, options=options, protocol=protocol, progress=each_hundredth(say), features=features)


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
    from highwall.workflows.training.export import export_model

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
    from highwall.workflows.training.cracks import train_cracks as work

    with telling() as say:
        work(data, out, judge=judge, progress=each_hundredth(say))


@train_app.command("segmentation")
def train_segmentation(
    dataset: Annotated[
        Path | None, typer.Argument(help="What highwall dataset build wrote; or give --images and --labels.")
    ] = None,
    out: Out = Path("segmentation"),
    images: Annotated[Path | None, typer.Option(help="Folder of GeoTIFFs; split 85:15 by groups of near ones.")] = None,
    labels: Annotated[Path | None, typer.Option(help="Folder of masks or polygon files named like the images.")] = None,
    recipe: Annotated[str | None, typer.Option(help="YAML file of options, or baseline, small or metre.")] = None,
    bands: Annotated[str | None, typer.Option(help="RGB, R+N, R+N+S, M, M+S, or names as B04,B03,B02.")] = None,
    subsets: Annotated[str | None, typer.Option("--subset", help="Subsets of classes, as 3 or 1,2,3,4.")] = None,
    architecture: Annotated[str | None, typer.Option(help="unet, unetplusplus, linknet, fpn, deeplabv3(plus).")] = None,
    encoder: Annotated[str | None, typer.Option(help="Such as resnet50, vgg16, efficientnet-b0.")] = None,
    encoder_weights: Annotated[str | None, typer.Option(help="A file, package:NAME or hub:REPOSITORY/FILE.")] = None,
    begin_from: Annotated[str | None, typer.Option(help="Checkpoint (.ckpt) of a network to go on with.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of weights, draws and views.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the weights.")] = None,
    bfloat16: Annotated[bool, typer.Option("--bfloat16", help="Faster on CPUs and GPUs that have it.")] = False,
    gpu: Annotated[bool, typer.Option("--gpu", help="Train on GPUs.")] = False,
    devices: Annotated[int | None, typer.Option(min=1, help="Processes, each on a GPU or a share of the CPU.")] = None,
    log_to: Annotated[str | None, typer.Option(help="tensorboard, mlflow or both, with a comma between.")] = None,
    half: Annotated[bool, typer.Option("--half", help="Write the network in half precision too.")] = False,
    image_bands: Annotated[str | None, typer.Option(help="Bands of --images that do not name them.")] = None,
    level: Annotated[str | None, typer.Option(help="Level of --images that do not say it: L1C or L2A.")] = None,
    near_m: Annotated[float, typer.Option(min=0, help="Gap up to which --images stay in one split [m].")] = 0.0,
    fold: Annotated[str | None, typer.Option(help="Groups of --images set apart for a test, as 0/3.")] = None,
    hold_out_patches: Annotated[
        float | None, typer.Option(help="Share of each training scene's patches that is not learned from, as 0.5.")
    ] = None,
) -> None:  # fmt: skip
    """Train a segmentation network on labelled scenes, and export it. Goes on where it was stopped."""
    from highwall.workflows.training.segmentation import ToLearn, fold_of, options_of, subsets_of
    from highwall.workflows.training.segmentation import train_segmentation as work

    options = options_of(
        recipe,
        {
            "name": name, "seed": seed, "n_epochs": epochs, "begin_from": begin_from,
            "network": {
                "bands": bands and (bands if "," not in bands else words_of(bands)), "subsets": subsets_of(subsets),
                "architecture": architecture, "encoder": encoder, "encoder_weights": encoder_weights,
            },
            "run": {
                "precision": "bfloat16" if bfloat16 else None, "accelerator": "gpu" if gpu else None,
                "n_devices": devices, "log_to": words_of(log_to),
            },
        },
    )  # fmt: skip
    given = ToLearn(
        dataset, images, labels, image_bands=words_of(image_bands) or (), level=level_of(level), near_m=near_m,
        fold=fold_of(fold), held_out_share=hold_out_patches,
    )  # fmt: skip
    with telling() as say:
        work(given, out, options=options, half=half, say=say)
    typer.echo(f"Network: {out}")


@train_app.command("crack-windows")
def train_crack_windows(
    data: Annotated[Path | None, typer.Argument(help="NPZ of sensor windows; by default simulated ones.")] = None,
    out: Out = Path("crack-windows"),
) -> None:
    """Train boosting and a 1-D network to tell cracks from windows of sensors, judged by site."""
    from highwall.workflows.training.crack_windows import train_crack_windows as work

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
    views: Annotated[int, typer.Option(min=1, max=8, help="Turned and mirrored views of each chip, averaged.")] = 4,
) -> None:  # fmt: skip
    """Score a network on labelled chips, by family and overall. Leaves a JSON file and two pictures beside it."""
    from rich.console import Console

    from highwall.classification.families import LabelRule
    from highwall.classification.options import EvaluateOptions
    from highwall.workflows.console import chip_score_table
    from highwall.workflows.judging.chips import evaluate_chips as work

    rule = LabelRule(positives, negatives)
    with telling() as say:
        scores = work(
            folder, out, weights=weights, score=score, rule=rule, force=force, options=EvaluateOptions(n_views=views),
            say=say, advance=say.advance,
        )  # fmt: skip
    console = Console()
    console.print(chip_score_table(scores, width=console.width))
    typer.echo(f"Scores: {out}")


@evaluate_app.command("cracks")
def evaluate_cracks(
    data: Annotated[Path, typer.Argument(help="Folder of photographs and masks, as *_img beside *_lab.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON file that takes the scores.")] = Path("cracks.json"),
    weights: Annotated[Path | None, typer.Option(help="ONNX file; by default the shipped network.")] = None,
) -> None:
    """Score a crack network on labelled photographs, on pixels and chips, with planking apart."""
    from highwall.classification.cracks.card import score_table
    from highwall.workflows.training.cracks import evaluate_cracks as work

    found = work(data, out, weights=weights)
    typer.echo(score_table(found["scores"]))
    for each in found["set_aside"]:
        typer.echo(f"set aside: {each['name']} {each['reason']}", err=True)


@evaluate_app.command("segmentation")
def evaluate_segmentation(
    images: Annotated[Path, typer.Argument(help="Folder of GeoTIFFs, or a dataset that highwall dataset build wrote.")],
    model: Annotated[
        list[Path], typer.Option("--model", "-m", help="ONNX file; several, or a folder of them, make one bundle.")
    ],
    labels: Annotated[
        Path | None, typer.Argument(help="Folder of masks or polygon files named like the images; none for a dataset.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON file that takes the scores.")] = Path("scores.json"),
    rules: Annotated[
        str | None,
        typer.Option(help="Rules after prediction: all, or some of unclear,land_cover,preparatory_work,dam,slope."),
    ] = None,
    land_cover: Annotated[
        Path | None, typer.Option(help="Map in WorldCover's codes, or a folder of them named like the images.")
    ] = None,
    earthworks: Annotated[
        Path | None, typer.Option(help="Polygons of earthworks that are no mines: false alarms there are told apart.")
    ] = None,
    blank: Annotated[str, typer.Option(help="Ground drawn as blank: background, or ignored.")] = "background",
    threshold: Annotated[float | None, typer.Option(help="Probability from which any class is said.")] = None,
    bands: Annotated[str | None, typer.Option(help="Bands of images that do not name them, as B04,B03,B02.")] = None,
    level: Annotated[str | None, typer.Option(help="L1C or L2A, of images that do not say.")] = None,
    label_kind: Annotated[
        str | None, typer.Option(help="What rasters of labels hold: codes (0 to 11) or bits; by default they tell.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Of a dataset: training, validation or test; else all.")] = None,
    pictures: Annotated[bool, typer.Option(help="Draw scores, and what was missed and invented in each scene.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Judge on another level or pixel, and demo weights.")] = False,
) -> None:  # fmt: skip
    """Score a segmentation network on labelled scenes: per class, per scene, pooled, and the footprint."""
    from rich.console import Console

    from highwall.workflows.judging.console import segmentation_tables
    from highwall.workflows.judging.judge import judge_of
    from highwall.workflows.judging.segmentation import ToEvaluate, file_for, kind_of_text
    from highwall.workflows.judging.segmentation import evaluate_segmentation as work

    given = ToEvaluate(
        tuple(model), images, labels, bands=words_of(bands) or (), level=level_of(level), split=split,
        earthworks=earthworks, label_kind=kind_of_text(label_kind),
    )  # fmt: skip
    judge = judge_of(
        model, rules=words_of(rules) or (), land_cover=land_cover, blank=blank, threshold=threshold, force=force
    )
    with telling() as say:
        scores = work(given, out, judge=judge, with_pictures=pictures, say=say, advance=say.advance)
    for table in segmentation_tables(scores):
        Console().print(table)
    typer.echo(f"Scores: {file_for(out)}")
