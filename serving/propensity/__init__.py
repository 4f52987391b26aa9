"""Pages and API of propensity."""
