"""How good a network or a map is, held against what people drew or saw."""
