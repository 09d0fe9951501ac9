"""From two coregistered radar images of Amsterdam to an unwrapped interferogram on the map, step by step.

    python examples/04_images_to_stack.py OUT

`highwall deform FOLDER` does all of this and goes on to motion.
HIGHWALL_DATA names the folder of data (see the README).
"""

import os
import sys
from pathlib import Path

from highwall.insar.forming.interferogram import interferograms
from highwall.insar.forming.unwrapping import Whirlwind, unwrap_pairs
from highwall.insar.geocoding import geocode, mapping_from_layers
from highwall.insar.options import InterferogramOptions
from highwall.io.radar.slc import open_slcs
from highwall.report.motion import coherence_map

DATA = Path(os.environ.get("HIGHWALL_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


def main(out: Path) -> None:
    images = open_slcs(DATA / "insar" / "amsterdam-slc-pair").slcs
    options = InterferogramOptions(looks_y=2, looks_x=8, coherence_window_px=1)
    formed = interferograms(images, [(0, 1)], options=options)
    stack = unwrap_pairs(formed, Whirlwind()).load()
    print(f"mean coherence {float(stack['coh'].mean()):.2f} at {options.looks_y}×{options.looks_x} looks")
    share = float((stack["conncomp"] > 0).mean())
    print(f"{share:.0%} of the pixels unwrapped in {int(stack['conncomp'].max())} component(s)")
    mapping = mapping_from_layers(stack["latitude"], stack["longitude"], posting_m=15.0)
    placed = geocode(stack, mapping)
    print(f"on the map: {placed.sizes['y']}×{placed.sizes['x']} pixels of 15 m, {mapping.grid.crs.proj.name}")
    out.mkdir(parents=True, exist_ok=True)
    coherence = placed["coh"].isel(pair=0, drop=True).rename("mean_coherence")
    (out / "amsterdam.png").write_bytes(coherence_map(coherence))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
