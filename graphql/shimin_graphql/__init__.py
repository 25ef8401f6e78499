"""The GraphQL edge of Shimin: one schema, its engine and the few routes that are not GraphQL."""
