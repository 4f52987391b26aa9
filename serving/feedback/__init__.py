"""What people say of a result."""
