"""Classification: chips of a scene to mine or no mine, and from chips to the footprint of a mine.

In come red, green and blue reflectance of Sentinel-2 Level-1C; out goes the probability of each of
``core.taxonomy.CHIP_CLASSES`` at every pixel, or for whole chips. A *cell* is the grid of the network's answer (4×4 px
for mines); a *chip* is what it learned from (48×48 px); a *window* is what it is run on. The same network, made for
other bands and classes, tells cracks in photographs.

To use a network, numpy and ONNX Runtime suffice: radiometry, metadata, extract, evaluation. To train one, torch is
needed: blocks, network, augment, sampling, losses, train, export. Importing this package loads neither.

Assumptions: pixels of 10 m; the radiometry of ``radiometry.L1C_RGB``; a low probability means *none detected*.

Reading order: families, label_tables, dataset, splits, blocks, network, losses, sampling, train, export, metadata,
extract, evaluation, card.
"""
