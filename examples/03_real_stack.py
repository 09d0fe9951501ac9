"""Measure how Mexico City sank in 2018, from 30 real Sentinel-1 interferograms.

    python examples/03_real_stack.py OUT

HIGHWALL_DATA names the folder that holds them (see the README).
"""

import os
import sys
from pathlib import Path

from highwall.insar.inversion import invert
from highwall.insar.options import InversionOptions, PixelReference
from highwall.insar.quality import decorrelated
from highwall.insar.stack import mean_coherence
from highwall.io.radar.interferograms import open_stack
from highwall.report.motion import velocity_map

DATA = Path(os.environ.get("HIGHWALL_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


def main(out: Path) -> None:
    stack = open_stack(DATA / "insar" / "mexico-city-s1").stack
    options = InversionOptions(reference=PixelReference(row=9, col=8), weighting="none")
    motion = invert(stack, options=options)
    motion = motion.assign(
        decorrelated=decorrelated(motion, n_pairs=stack.sizes["pair"], coherence=mean_coherence(stack))
    ).load()
    velocity = 1e3 * motion["velocity"].where(motion["n_components"] == 1)
    print(f"{float(velocity.min()):+.0f} to {float(velocity.max()):+.0f} mm/year along the line of sight")
    out.mkdir(parents=True, exist_ok=True)
    picture = velocity_map(motion["velocity"], decorrelated=motion["decorrelated"])
    (out / "mexico-city.png").write_bytes(picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
