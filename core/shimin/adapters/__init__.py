"""The only home of vendors: what fulfils the ports."""
