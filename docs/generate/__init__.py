"""What the documentation takes from the code: reference pages while it is built, and the picture of the graph."""
