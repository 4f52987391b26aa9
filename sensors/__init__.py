"""When: new files, stale periods, the calendar, and upkeep after failures."""
