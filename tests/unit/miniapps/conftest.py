"""The edge and the two live apps of the broker's tests, for the tests beside them."""

from tests.unit.miniapps.test_broker import edge

__all__ = ["edge"]
