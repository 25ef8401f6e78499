"""How commands end: the exit codes, the same for all of them."""

OK = 0
FOUND = 1
"""There are findings: tests failed, a rule is broken, a package reads more than before."""
USAGE = 2
"""The command was used wrongly, or what it needs is not there."""
SIGNED_OUT = 3
"""The platform wants a sign-in first."""
REMOTE = 4
"""The platform did not answer, or answered no."""

EPILOG = "Exit codes: 0 all is well, 1 findings, 2 wrong use, 3 not signed in, 4 the platform did not do it."
