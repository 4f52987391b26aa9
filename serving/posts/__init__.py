"""Pages and API of posts."""
