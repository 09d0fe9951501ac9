"""The plain way: the whole scene in memory, a torch network over overlapping windows, the mean of what they say.

python benchmarks/rival_smp_loop.py SCENE NETWORK FOLDER

Leaves the most probable class of all as a GeoTIFF, and says what it did. It needs torch and rasterio alone.
"""

import sys
from pathlib import Path

import numpy as np
import rasterio
import torch

SIZE, STEP = 512, 384


def main(scene: Path, network: Path, folder: Path) -> None:
    torch.set_num_threads(1)
    model = torch.jit.load(str(network)).eval()
    with rasterio.open(scene) as raster:
        image, profile = raster.read().astype(np.float32) / 1e4, raster.profile
    height, width = image.shape[1:]
    total, count = None, np.zeros((height, width), np.float32)
    starts = [[*range(0, max(side - SIZE, 0), STEP), max(side - SIZE, 0)] for side in (height, width)]
    with torch.inference_mode():
        for y in starts[0]:
            for x in starts[1]:
                found = model(torch.from_numpy(image[None, :, y : y + SIZE, x : x + SIZE]))[0].numpy()
                if total is None:
                    total = np.zeros((len(found), height, width), np.float32)
                total[:, y : y + SIZE, x : x + SIZE] += found
                count[y : y + SIZE, x : x + SIZE] += 1
    probability = total / count
    profile.update(count=1, dtype="uint8", nodata=255)
    with rasterio.open(folder / "loop.tif", "w", **profile) as raster:
        raster.write(probability.argmax(axis=0).astype(np.uint8), 1)
    print(f"{len(starts[0]) * len(starts[1])} windows of {SIZE}, plain mean; one raster of classes")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
