"""Values and pure rules that every layer shares; nothing here reads, writes or waits."""
