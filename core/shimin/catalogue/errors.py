"""What the catalogue refuses."""

from shimin.kit.refusal import Refusal


class QueryEmpty(Refusal):
    """There is nothing in the query that could be searched for."""

    code = "QUERY_EMPTY"


class QueryTooLong(Refusal):
    """The query is longer than a search takes."""

    code = "QUERY_TOO_LONG"
    chars_max: int


class FiltersTooMany(Refusal):
    """More values were given for one dimension than a filter takes, or one that is too long."""

    code = "FILTERS_TOO_MANY"
    dimension: str
    values_max: int
    chars_max: int


class GuidesFileUnusable(Refusal):
    """Not one line of the file is a guide."""

    code = "GUIDES_FILE_UNUSABLE"
    reason: str
