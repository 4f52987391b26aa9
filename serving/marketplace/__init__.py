"""Pages and API of marketplace."""
