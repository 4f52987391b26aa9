"""From delivered files to typed rows: contracts, reading, judging, the ledger of files, receipts."""
