"""The ledger emits no facts: it acts inside the unit of the domain that moves money, and that domain says what happened."""
