"""Verbs of a gateway beside the camera."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import edge_app
from highwall.cli.telling import telling


@edge_app.command("infer")
def edge_infer(
    folder: Annotated[Path, typer.Argument(help="Folder of images: PNG, JPEG, or .npy of (band, y, x).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File of results, one JSON line an image; it grows.")],
    weights: Annotated[Path | None, typer.Option(help="ONNX file; by default the shipped network.")] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0.001, max=0.999, help="Probability of a find; by default the network's own.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=256, help="CPU threads of the network.")] = 1,
) -> None:
    """Judge images where they are taken. Appends class, probability and evidence; what is done is passed over.

    The shipped network reads chips of satellite pixels of 10 m alone, not photographs: for these give --weights.
    """
    from highwall.edge.options import InferOptions
    from highwall.workflows.live.infer import infer_folder

    options = InferOptions(threshold=threshold, n_threads=threads)
    with telling() as say:
        done = infer_folder(folder, out, weights=weights, options=options, say=say, advance=say.advance)
        for name, reason in done.set_aside:
            say(f"set aside: {name} {reason}")
    typer.echo(f"{done.n_done} images judged, {done.n_finds} with finds; {done.n_before} done before; "
               f"{len(done.set_aside)} set aside. Results: {out}")  # fmt: skip
