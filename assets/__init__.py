"""What exists: thin assets over `vitrina`."""
