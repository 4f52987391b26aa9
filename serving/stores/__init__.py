"""Pages and API of stores."""
