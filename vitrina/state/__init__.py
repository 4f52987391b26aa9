"""What people make: decisions, which no computation can bring back. They enter the graph as JSON lines through the inbox."""
