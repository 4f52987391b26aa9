"""What is published and how fresh it is, and files to take away."""
