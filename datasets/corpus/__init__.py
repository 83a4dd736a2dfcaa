"""From what miners left to a corpus that can be trusted: gates, duplicates, splits, shards, ledger, card."""
