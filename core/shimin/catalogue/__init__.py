"""Catalogue: service guides, imported from untidy files, found by words, browsed by group, theme, department, area."""

from shimin.catalogue.browse_guides import BrowseGuides, browse_guides
from shimin.catalogue.count_guides import CountGuides, count_guides, label
from shimin.catalogue.errors import FiltersTooMany, GuidesFileUnusable, QueryEmpty, QueryTooLong
from shimin.catalogue.facts import GuidesImported
from shimin.catalogue.find_guide import find_guide
from shimin.catalogue.import_guides import import_guides
from shimin.catalogue.model import (
    Appointment,
    Area,
    Counts,
    DayKind,
    Dimension,
    Facet,
    Filters,
    Found,
    Guide,
    GuidePage,
    HitField,
    ImportReport,
    Matching,
    Phones,
    Problem,
    Segment,
    Snippet,
    Text,
    TimeLimit,
)
from shimin.catalogue.search_guides import SearchGuides, search_guides
from shimin.catalogue.views import GUIDES

__all__ = [
    "GUIDES",
    "Appointment",
    "Area",
    "BrowseGuides",
    "CountGuides",
    "Counts",
    "DayKind",
    "Dimension",
    "Facet",
    "Filters",
    "FiltersTooMany",
    "Found",
    "Guide",
    "GuidePage",
    "GuidesFileUnusable",
    "GuidesImported",
    "HitField",
    "ImportReport",
    "Matching",
    "Phones",
    "Problem",
    "QueryEmpty",
    "QueryTooLong",
    "SearchGuides",
    "Segment",
    "Snippet",
    "Text",
    "TimeLimit",
    "browse_guides",
    "count_guides",
    "find_guide",
    "import_guides",
    "label",
    "search_guides",
]
