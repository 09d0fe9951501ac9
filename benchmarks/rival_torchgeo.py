"""TorchGeo's recipe: a grid sampler gives windows of a scene, a torch network answers, the answers are pasted.

python benchmarks/rival_torchgeo.py SCENE NETWORK FOLDER

TorchGeo has no step that joins windows (its issue 30): here each is pasted over the ones before, as its users do. It
needs torchgeo with torch in the rivals' environment.
"""

import sys
from pathlib import Path

import numpy as np
import rasterio
import torch
import torchgeo
from torch.utils.data import DataLoader
from torchgeo.datasets import RasterDataset, stack_samples
from torchgeo.samplers import GridGeoSampler

SIZE, STEP = 512, 384


def main(scene: Path, network: Path, folder: Path) -> None:
    torch.set_num_threads(1)
    model = torch.jit.load(str(network)).eval()
    dataset = RasterDataset(paths=str(scene))
    sampler = GridGeoSampler(dataset, size=SIZE, stride=STEP)
    with rasterio.open(scene) as raster:
        profile, transform, (height, width) = raster.profile, raster.transform, raster.shape
    classes = np.zeros((height, width), np.uint8)
    with torch.inference_mode():
        for batch in DataLoader(dataset, sampler=sampler, batch_size=1, collate_fn=stack_samples):
            found = model(batch["image"].float() / 1e4)[0].argmax(dim=0).numpy().astype(np.uint8)
            x, y = ~transform * _corner(batch["bounds"])
            row, col = round(y), round(x)
            place = classes[row : row + SIZE, col : col + SIZE]
            place[:] = found[: place.shape[0], : place.shape[1]]
    profile.update(count=1, dtype="uint8", nodata=255)
    with rasterio.open(folder / "torchgeo.tif", "w", **profile) as raster:
        raster.write(classes, 1)
    print(f"torchgeo {torchgeo.__version__}, {len(sampler)} windows of {SIZE}, pasted; one raster of classes")


def _corner(bounds: list[tuple[slice, slice, slice]]) -> tuple[float, float]:
    """Easting and northing of the upper left corner of the one window of a batch: slices of x, y and time."""
    x, y, _ = bounds[0]
    return x.start, y.stop


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
