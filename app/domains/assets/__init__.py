"""Assets: the fleet ledger and its maintenance."""
