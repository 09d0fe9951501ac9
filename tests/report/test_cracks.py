import io

import numpy as np
from PIL import Image

from highwall.report.cracks import DrawnCrack, crack_sheet


def pixels_like(picture, colour):
    levels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    return int((np.abs(levels - colour).sum(axis=2) < 60).sum())


def test_a_crack_is_drawn_over_its_photograph():
    grey = np.full((3, 60, 80), 128, np.uint8)
    line = np.array([[5.0, 30.0], [75.0, 30.0]])
    pink = (255, 45, 111)
    assert pixels_like(crack_sheet(grey, [DrawnCrack(1, [line])], title="a"), pink) > 300
    assert pixels_like(crack_sheet(grey, [], title="a"), pink) == 0


def test_a_large_photograph_is_drawn_small():
    tall = np.zeros((3, 4100, 64), np.uint8)
    width, height = Image.open(io.BytesIO(crack_sheet(tall, [], title="a"))).size
    assert height < 3000
    assert width < 3000
