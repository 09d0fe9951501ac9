"""One module per verb: read through ``io``, call rooms, write. No arithmetic on pixels happens here.

A verb takes paths and a configuration and leaves files. ``run`` gives every stage the same manners: it skips work whose
inputs and options have not changed, records what it did as a STAC item, and never leaves half a file.

Reading order: config, sample, run, prepare, detect, refine, deform, assess, report, monitor, verbs; then
simulate, demo, train.
"""
