"""The domain: typed tables, algorithms, measures and the command line. Nothing here knows Dagster."""
