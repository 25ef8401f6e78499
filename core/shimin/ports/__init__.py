"""What the core needs from outside, one Protocol a file; adapters fulfil them."""
