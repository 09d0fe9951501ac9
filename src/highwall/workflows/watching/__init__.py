"""The main job: everything that SITE.yaml names, from scenes to findings, reports and portfolios."""
