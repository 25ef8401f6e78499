"""The ledger emits no facts: it acts in the unit of the domain that moves money, which says what happened."""
