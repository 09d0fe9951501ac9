"""From a table of sites to scenes on disk: ``highwall fetch``."""
