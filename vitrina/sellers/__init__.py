"""How well the sellers on camera serve the customers."""
