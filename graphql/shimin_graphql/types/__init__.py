"""GraphQL types, one file per domain, named as in the core."""
