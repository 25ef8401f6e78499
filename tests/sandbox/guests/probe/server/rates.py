"""Shows that server code may be several modules."""

from decimal import Decimal

MONTHLY = Decimal("1.08")
