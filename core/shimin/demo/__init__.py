"""The demonstration city 临海市 (Linhai): invented people, a department and a payment channel as real servers."""
