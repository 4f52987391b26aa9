"""For whom: pages and downloads over what was published. Nothing here opens the warehouse or computes a figure."""
