"""Excel workbooks that people read and fill in: cells, sheets, and files that are equal where their contents are."""
