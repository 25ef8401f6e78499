"""The few routes that are not GraphQL: health, keys, webhooks, files, the development inbox."""
