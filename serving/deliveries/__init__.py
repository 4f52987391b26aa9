"""What was delivered and what became of it, templates to begin with, and uploads into the inbox."""
