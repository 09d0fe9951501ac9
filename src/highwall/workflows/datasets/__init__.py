"""What land-cover networks learn from: scenes and labels read, built into chips, or simulated."""
