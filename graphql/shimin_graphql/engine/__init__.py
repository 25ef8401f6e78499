"""How a document is found, checked, run and answered."""
