"""What requests hold and what answers hold, one noun a module; unknown keys of a request are refused."""
