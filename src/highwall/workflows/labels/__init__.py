"""Files of labels: checked, repaired and compared."""
