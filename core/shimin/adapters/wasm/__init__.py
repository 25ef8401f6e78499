"""Mini-apps as WebAssembly components in jailed processes; enter through ``build`` and ``sandbox``.

Nothing is imported here on purpose: a runner loads this package too, and has room for little.
"""
