"""Judged scenes made by hand, for tests of scores."""

import numpy as np

from highwall.core.taxonomy import CLASS_NAMES, MINING_AREA
from highwall.segmentation.evaluation import Judged
from highwall.segmentation.evaluation_options import EvaluationOptions
from highwall.segmentation.labels import BITS
from highwall.segmentation.tally import Said, tally_scene

PIT, DUMP, TAILINGS, DAM = "excavation", "dumping_ground", "tailing_storage_facility", "dam"
ALL = CLASS_NAMES
WITH_AREA = (*CLASS_NAMES, MINING_AREA)
OPTIONS = EvaluationOptions(n_resamples=50)


def mask_of(*names, shape=(1, 1)):
    """A mask that carries the same classes everywhere."""
    return np.full(shape, sum(BITS[name] for name in names), dtype=np.uint16)


def row(*pixels):
    """A mask of one row, each pixel a tuple of class names."""
    return np.concatenate([mask_of(*names) for names in pixels], axis=1)


def said_of(mask, classes=ALL, *, probability=None):
    """A prediction that says exactly what a mask holds."""
    bits = {**BITS, MINING_AREA: (1 << 10) - 1}
    label = np.stack([(mask & bits[name]) != 0 for name in classes])
    return Said(tuple(classes), label, probability)


def tally(drawn, said, *, classes=ALL, valid=None, options=OPTIONS, probability=None):
    """Count a mask against what another mask says."""
    valid = np.ones(drawn.shape, bool) if valid is None else valid
    return tally_scene(drawn, said_of(said, classes, probability=probability), valid=valid, options=options)


def judged(name, drawn, said, *, site=None, classes=ALL, **facts):
    """One scene that one person drew."""
    return Judged(name, site or name, {"1": tally(drawn, said, classes=classes)}, 100.0, **facts)
