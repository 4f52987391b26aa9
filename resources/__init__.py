"""What assets and sensors work with: the warehouse, the inbox, dbt, publication, partitions, jobs."""
