"""What should this user be shown now? From the event log to recommendations that can be judged."""
