"""Cuts text into the terms that are indexed and searched: Chinese into overlapping pairs, the rest into words.

Chinese is written without spaces and search engines' own tokenisers either take a whole sentence for one word or
want three characters at least. Pairs find any two characters that stand together, such as 社保. The last character of
a run also stands alone, so that "begins with" a character finds every place where it occurs. Both engines are given
the same terms and never cut text by themselves, so both find the same guides.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shimin.kit.text import fold

WORD_CHARS_MAX = 40
"""Longer words are cut; both in the index and in queries."""
QUERY_UNITS_MAX = 32
PREFIX_CHARS_MIN = 3
"""From so many characters on, the last Latin word of a query also finds longer words: it may still be being typed."""

_CJK = (
    r"\u3005\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
)
_RUNS = re.compile(rf"(?P<cjk>[{_CJK}]+)|(?P<word>[^\W_{_CJK}]+)")
_ASKING = re.compile(
    r"怎么样|怎么|怎样|如何|哪里|哪儿|在哪|什么时候|什么|多久|多少|可以|能否|是否|需要|我要|我想|想要|请问|"
    r"办理|申请|手续|流程|指南|材料|的|了|吗|呢"
)
"""Words with which people ask rather than name what they want."""
_ASKING_EN = frozenset(
    {
        "a",
        "an",
        "and",
        "apply",
        "application",
        "at",
        "can",
        "do",
        "for",
        "get",
        "guide",
        "how",
        "i",
        "in",
        "is",
        "my",
        "need",
        "of",
        "on",
        "or",
        "the",
        "to",
        "want",
        "what",
        "when",
        "where",
        "with",
    }
)


@dataclass(frozen=True, slots=True)
class Unit:
    """One run of a query: its terms stand next to each other in what it finds."""

    text: str
    """The folded run itself."""
    is_cjk: bool
    is_prefix: bool
    """Whether the last term also finds what begins with it."""

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms as they stand in the index."""
        return pairs(self.text) if self.is_cjk else (self.text,)


def runs(folded: str) -> Iterator[tuple[str, bool, int]]:
    """Yield each run of a folded text: the run, whether it is Chinese (or kana), and where it begins."""
    for found in _RUNS.finditer(folded):
        yield found[0], found.lastgroup == "cjk", found.start()


def pairs(run: str) -> tuple[str, ...]:
    """Return the overlapping pairs of a run; the character itself for a run of one."""
    return tuple(run[at : at + 2] for at in range(len(run) - 1)) or (run,)


def index_terms(texts: Iterable[str], terms_max: int) -> list[str]:
    """Return the terms under which texts are found, in order; what lies behind ``terms_max`` is not found."""
    terms: list[str] = []
    for text in texts:
        _add_terms(terms, text)
        if len(terms) >= terms_max:
            break
    return terms[:terms_max]


def _add_terms(terms: list[str], text: str) -> None:
    for run, is_cjk, _ in runs(fold(text)):
        if is_cjk:
            terms.extend(pairs(run))
            if len(run) > 1:
                terms.append(run[-1])
        else:
            terms.append(run[:WORD_CHARS_MAX])


def search_key(text: str) -> str:
    """Return the text with everything but its runs reduced to single spaces: equal keys are the same words."""
    return " ".join(run for run, _, _ in runs(fold(text)))


def query_units(text: str) -> tuple[Unit, ...]:
    """Return the runs of a query, at most ``QUERY_UNITS_MAX``; none if there is nothing to search for."""
    found = [(run, is_cjk) for run, is_cjk, _ in runs(fold(text))][:QUERY_UNITS_MAX]
    last = len(found) - 1
    return tuple(
        Unit(
            text=run if is_cjk else run[:WORD_CHARS_MAX],
            is_cjk=is_cjk,
            is_prefix=len(run) == 1 if is_cjk else at == last and PREFIX_CHARS_MIN <= len(run) < WORD_CHARS_MAX,
        )
        for at, (run, is_cjk) in enumerate(found)
    )


def key_units(units: tuple[Unit, ...]) -> tuple[Unit, ...]:
    """Return the query without the words people ask with; none if it consists of nothing else."""
    kept: list[Unit] = []
    for unit in units:
        if unit.is_cjk:
            parts = [part for part in _ASKING.split(unit.text) if part]
            kept.extend(Unit(text=part, is_cjk=True, is_prefix=len(part) == 1) for part in parts)
        elif unit.text not in _ASKING_EN:
            kept.append(unit)
    return tuple(kept[:QUERY_UNITS_MAX])


def loose_units(units: tuple[Unit, ...]) -> tuple[Unit, ...]:
    """Return every pair and word of the query as a unit of its own."""
    terms = dict.fromkeys((term, unit.is_cjk, unit.is_prefix) for unit in units for term in unit.terms)
    return tuple(Unit(text=term, is_cjk=is_cjk, is_prefix=is_prefix) for term, is_cjk, is_prefix in terms)
