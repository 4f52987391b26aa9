"""One file per step; names begin with the number of the step."""
