"""Verbs, from paths to paths: read through ``io``, call rooms, write. No arithmetic on pixels happens here.

A verb takes paths and a configuration and leaves files. ``run`` gives every stage the same manners: it skips work whose
inputs and options have not changed, records what it did as a STAC item, and never leaves half a file.

What all stages share stands here: config, sample, run, blocks, sites. Each part of the work is a package:
``fetching``, ``datasets``, ``labels``, ``training``, ``judging``, ``mapping``, ``outlining``, ``radar``, ``watching``
(the main job) and ``live`` (the twin). Reading order of the main job: config, run, watching.prepare, mapping.detect,
outlining.refine, radar.deform, watching.assess, watching.report, watching.monitor.
"""
