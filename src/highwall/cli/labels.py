"""Verbs that check and compare label files, and gather labelled scenes into a dataset."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import app
from highwall.cli.arguments import Out, level_of
from highwall.cli.telling import telling

labels_app = typer.Typer(help="Label files of mining land cover: check them, compare annotators.", no_args_is_help=True)
dataset_app = typer.Typer(help="Datasets for the segmentation of mines.", no_args_is_help=True)
app.add_typer(labels_app, name="labels")
app.add_typer(dataset_app, name="dataset")

_Images = Annotated[
    Path | None, typer.Option(help="Folder of the scenes that were drawn on, named like the labels, or one scene.")
]
_Written = Annotated[Path | None, typer.Option("--out", "-o", help="Folder that takes the results.")]


@labels_app.command("check")
def labels_check(
    paths: Annotated[list[Path], typer.Argument(help="Vector files of polygons with a class, or folders of them.")],
    images: _Images = None,
    out: _Written = None,
) -> None:
    """Check label files: classes, place, geometry, overlaps. Exit code 1 where there is an error.

    With --out it leaves report.json and a repaired copy of each file.
    """
    from rich.console import Console

    from highwall.workflows.labels.check import check_label_files
    from highwall.workflows.labels.console import check_table

    with telling() as say:
        found = check_label_files(paths, images=images, out=out, say=say)
    Console().print(check_table(found.report))
    if out is not None:
        typer.echo(f"Report: {out / 'report.json'}, repaired copies: {out / 'repaired'}")
    if found.n_errors:
        raise typer.Exit(1)


@labels_app.command("compare")
def labels_compare(
    first: Annotated[
        Path, typer.Argument(help="File or folder of one annotator, or a folder of SCENE-ANNOTATOR files.")
    ],
    second: Annotated[Path | None, typer.Argument(help="File or folder of the other annotator.")] = None,
    images: _Images = None,
    out: _Written = None,
    decisions: Annotated[
        Path | None, typer.Option(help="Disagreements with their decision (yes, no): a file, or a folder by scene.")
    ] = None,
    undecided: Annotated[
        str | None,
        typer.Option(help="What becomes of those that nobody decided: unsure (not counted; if none), yes or no."),
    ] = None,
    resamples: Annotated[int, typer.Option(min=100, help="Resamples of the scenes for the intervals.")] = 1000,
) -> None:
    """Compare two annotators: agreement by class, disagreements as polygons, and one adjudicated drawing.

    With --out it leaves agreement.json, agreement.csv, disagreements and adjudicated drawings, a GeoJSON each scene.
    """
    from rich.console import Console

    from highwall.segmentation.label_options import AgreementOptions
    from highwall.workflows.config_files import checked
    from highwall.workflows.labels.compare import compare_labels
    from highwall.workflows.labels.console import agreement_table

    for option, value in {"--decisions": decisions, "--undecided": undecided}.items():
        if value is not None and out is None:
            raise typer.BadParameter("serves the adjudicated drawings of --out; give that too", param_hint=option)
    said = {"undecided": undecided or "unsure", "n_resamples": resamples}
    options = checked(AgreementOptions, said, source="the command line")
    with telling() as say:
        report = compare_labels(first, second, images=images, decisions=decisions, out=out, options=options, say=say)
    Console().print(agreement_table(report))
    if out is not None:
        typer.echo(f"Disagreements: {out / 'disagreements'}, adjudicated: {out / 'adjudicated'}")


@dataset_app.command("build")
def dataset_build(
    scenes: Annotated[Path, typer.Argument(help="Folder of scenes: SITE/DATE_s2.tif, SITE_DATE.tif or SITE.tif.")],
    labels: Annotated[Path, typer.Argument(help="Folder of their labels: polygons with a class, or masks.")],
    out: Out,
    sites: Annotated[
        Path | None, typer.Option(help="CSV of the sites: site, material (CL, MO, RR), mine_type (OC, OP, MT), dates.")
    ] = None,
    bands: Annotated[str, typer.Option(help="RGB, R+N, R+N+S, M or M+S; or bands, as B04,B03,B02,VV.")] = "RGB",
    store: Annotated[str, typer.Option("--format", help="geotiff: a file a chip; zarr: one store.")] = "geotiff",
    chip: Annotated[int, typer.Option(help="Side of a chip [px].")] = 512,
    step: Annotated[int | None, typer.Option(help="Step from chip to chip [px]; by default a chip.")] = None,
    near: Annotated[float, typer.Option(help="Sites with at most this gap stay in one split [m].")] = 5000.0,
    level: Annotated[str | None, typer.Option(help="L1C or L2A, for scenes that do not say.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 0,
    unlabelled: Annotated[bool, typer.Option(help="Keep chips on which nothing was drawn.")] = True,
) -> None:  # fmt: skip
    """Cut labelled scenes into chips, split by site 70:15:15, with a STAC catalogue and statistics."""
    from highwall.segmentation.label_options import DatasetOptions
    from highwall.workflows.config_files import checked
    from highwall.workflows.datasets.build import build_dataset

    said = {
        "bands": bands, "format": store, "chip_px": chip, "step_px": step, "near_m": near, "level": level_of(level),
        "seed": seed, "keep_unlabelled": unlabelled,
    }  # fmt: skip
    options = checked(DatasetOptions, said, source="the command line")
    with telling() as say:
        build_dataset(scenes, labels, out, sites=sites, options=options, say=say, advance=say.advance)
    typer.echo(f"Dataset: {out / 'dataset.json'}, statistics: {out / 'statistics.md'}")
