"""What may be read of messages: each citizen their own inbox, in person."""
