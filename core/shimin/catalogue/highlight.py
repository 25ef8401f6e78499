"""Marks in a text what was searched for: computed from the text itself, so both engines give the same."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from shimin.catalogue.model import Guide, HitField, Segment, Snippet, Text
from shimin.catalogue.tokens import Unit, runs
from shimin.kit.call import Locale
from shimin.kit.text import fold

SNIPPET_CHARS = 90
SNIPPET_LEAD_CHARS = 20
"""Characters shown before the first hit."""


@dataclass(frozen=True, slots=True)
class _Folded:
    """A folded text that knows where each of its characters comes from."""

    text: str
    origins: tuple[int, ...]
    """For each character of ``text`` its place in the original, and at the end the original's length."""


@lru_cache(maxsize=8192)
def _fold_cluster(cluster: str) -> str:
    return fold(cluster)


def _fold_with_origins(text: str) -> _Folded:
    # A letter and the marks that combine with it fold together.
    starts = [at for at, char in enumerate(text) if at == 0 or not unicodedata.combining(char)]
    parts = [_fold_cluster(text[start:end]) for start, end in pairwise((*starts, len(text)))]
    folded = "".join(parts)
    if len(folded) == len(parts):
        return _Folded(folded, (*starts, len(text)))
    origins = [start for start, part in zip(starts, parts, strict=True) for _ in part]
    return _Folded(folded, (*origins, len(text)))


def find_ranges(text: str, units: Sequence[Unit]) -> list[tuple[int, int]]:
    """Return the places of the text that the units of a query find, in order, none overlapping another."""
    plain = fold(text)
    if not any(unit.text in plain for unit in units):
        return []  # most passages of most guides: not worth folding character by character
    folded = _fold_with_origins(text)
    found: list[tuple[int, int]] = []
    for run, is_cjk, start in runs(folded.text):
        for unit in units:
            if unit.is_cjk != is_cjk:
                continue
            if not is_cjk:
                if run == unit.text or (unit.is_prefix and run.startswith(unit.text)):
                    found.append((start, start + len(unit.text)))
                continue
            at = run.find(unit.text)
            while at >= 0:
                found.append((start + at, start + at + len(unit.text)))
                at = run.find(unit.text, at + 1)
    ranges: list[tuple[int, int]] = []
    for start, end in sorted((folded.origins[start], _end(folded, end)) for start, end in found):
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(end, ranges[-1][1]))
        else:
            ranges.append((start, end))
    return ranges


def _end(folded: _Folded, end: int) -> int:
    """Return where the original character that holds the last folded one ends."""
    last = folded.origins[end - 1]
    return next(origin for origin in folded.origins[end:] if origin > last)


def mark(text: str, units: Sequence[Unit]) -> tuple[Segment, ...]:
    """Return the whole text in segments."""
    return _segments(text, find_ranges(text, units), 0, len(text))


def _segments(text: str, ranges: Sequence[tuple[int, int]], start: int, end: int) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    at = start
    for begin, stop in ranges:
        if stop <= start or begin >= end:
            continue
        begin, stop = max(begin, start), min(stop, end)  # noqa: PLW2901 - cut to the window
        if begin > at:
            segments.append(Segment(text[at:begin], hit=False))
        segments.append(Segment(text[begin:stop], hit=True))
        at = stop
    if at < end or not segments:
        segments.append(Segment(text[at:end], hit=False))
    return tuple(segments)


def snippet(guide: Guide, locale: Locale, units: Sequence[Unit]) -> Snippet | None:
    """Return the first passage beside the title in which something was found; None if there is none."""
    for field, text in _passages(guide, locale):
        ranges = find_ranges(text, units)
        if ranges:
            start = max(0, ranges[0][0] - SNIPPET_LEAD_CHARS)
            end = min(len(text), max(start + SNIPPET_CHARS, ranges[0][1]))
            segments = list(_segments(text, ranges, start, end))
            if start > 0:
                segments.insert(0, Segment("…", hit=False))
            if end < len(text):
                segments.append(Segment("…", hit=False))
            return Snippet(field, tuple(segments))
    return None


def _passages(guide: Guide, locale: Locale) -> list[tuple[HitField, str]]:
    """Return the texts a snippet may come from: in the reader's language first, then in the other."""
    passages: list[tuple[HitField, str]] = []
    other: Locale = "zh-Hans" if locale == "en" else "en"
    for language in (locale, other):
        materials = "；".join(material.pick(language) for material in guide.materials)
        fields: tuple[tuple[HitField, Text | None], ...] = (
            ("conditions", guide.conditions),
            ("materials", Text(materials) if materials else None),
            ("place", guide.place),
            ("department", guide.department),
        )
        passages.extend((name, text.pick(language)) for name, text in fields if text is not None)
    return passages
