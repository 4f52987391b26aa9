"""Pages and API of sellers."""
