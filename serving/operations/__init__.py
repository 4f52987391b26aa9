"""What those who run the service need: health, metrics, the description of the API, static files."""
