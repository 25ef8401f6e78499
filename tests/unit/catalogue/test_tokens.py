"""How text is cut into terms, and what of a text is marked as found."""

import unicodedata
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from shimin.catalogue.highlight import find_ranges, mark
from shimin.catalogue.matching import IndexEntry, attempts
from shimin.catalogue.tokens import index_terms, key_units, pairs, query_units, search_key

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x4E40), min_size=1, max_size=12)
ANY = st.text(max_size=60)


def test_chinese_is_cut_into_pairs_and_other_text_into_words() -> None:
    assert index_terms(["社会保险 Card2号"], 100) == ["社会", "会保", "保险", "险", "card2", "号"]


def test_full_width_letters_are_the_same_as_half_width() -> None:
    assert index_terms(["ＡＴＡ单证册"], 100) == index_terms(["ata单证册"], 100)
    assert search_key("ＡＴＡ（单证册）") == search_key("ata 单证册")


def test_a_title_is_found_by_every_part_of_it_that_stands_together() -> None:
    terms = index_terms(["社会保障卡申领"], 100)
    assert all(pair in terms for pair in pairs("保障卡申"))


@given(title=HAN, start=st.integers(0, 11), length=st.integers(1, 12))
def test_any_part_of_a_run_is_a_phrase_of_its_terms(title: str, start: int, length: int) -> None:
    part = title[start : start + length]
    assume(part)
    terms = index_terms([title], 100)
    (unit,) = query_units(part)
    if unit.is_prefix:
        assert any(term.startswith(part) for term in terms)
    else:
        wanted = list(unit.terms)
        assert any(terms[at : at + len(wanted)] == wanted for at in range(len(terms)))


@given(text=HAN, other=HAN)
def test_what_does_not_stand_together_is_no_phrase(text: str, other: str) -> None:
    """Pairs in a row always come from characters in a row, across runs and texts as well."""
    assume(len(other) > 2 and other not in text)
    terms = index_terms([text, text[::-1]], 200)
    assume(other not in text[::-1])
    wanted = list(pairs(other))
    assert all(terms[at : at + len(wanted)] != wanted for at in range(len(terms)))


def test_only_the_last_latin_word_may_go_on() -> None:
    first, last = query_units("driv licen")
    assert (first.is_prefix, last.is_prefix) == (False, True)
    assert not query_units("ta")[0].is_prefix


def test_words_of_asking_are_left_out_of_the_second_attempt() -> None:
    assert [unit.text for unit in key_units(query_units("请问怎么办理护照"))] == ["护照"]
    assert [unit.text for unit in key_units(query_units("how to apply for a passport"))] == ["passport"]
    assert [way.matching for way in attempts(query_units("护照"))] == ["all_words"]


def test_what_consists_of_asking_only_is_still_searched_for() -> None:
    ways = attempts(query_units("怎么申请"))
    assert [way.matching for way in ways] == ["all_words", "any_word"]


@given(text=ANY)
def test_terms_hold_nothing_that_an_engine_could_take_for_an_operator(text: str) -> None:
    """Letters and digits only, or ideographs that are newer than this Python's Unicode."""
    terms = [term for way in attempts(query_units(text)) for unit in way.units for term in unit.terms]
    for term in [*terms, *index_terms([text], 100)]:
        assert term
        assert all(char.isalnum() or unicodedata.category(char) == "Cn" for char in term)


def test_a_vector_stays_below_the_highest_position() -> None:
    long = ["汉字" * 9000]
    vector = IndexEntry(title=long, names=long, body=long).tsvector()
    places = vector.replace("A", "").replace("B", "").split(":")[1:]
    assert max(int(place) for part in places for place in part.split(" ")[0].split(",")) < 16_383


@given(text=ANY, query=st.text(min_size=1, max_size=10))
def test_segments_are_the_text_itself(text: str, query: str) -> None:
    segments = mark(text, query_units(query))
    assert "".join(segment.text for segment in segments) == text
    hits = [segment.hit for segment in segments]
    assert all(before != after for before, after in pairwise(hits))


@given(text=HAN, start=st.integers(0, 11), length=st.integers(1, 5))
def test_what_was_searched_for_is_marked(text: str, start: int, length: int) -> None:
    part = text[start : start + length]
    assume(part)
    marked = "".join(segment.text for segment in mark(text, query_units(part)) if segment.hit)
    assert part in marked


def test_marks_lie_on_the_original_where_folding_changes_lengths() -> None:
    assert find_ranges("①ﬁle 办理", query_units("file")) == []
    text = "（ﬁle）ＡＴＡ㍿办"
    assert [text[start:end] for start, end in find_ranges(text, query_units("file"))] == ["ﬁle"]
    assert [text[start:end] for start, end in find_ranges(text, query_units("ata"))] == ["ＡＴＡ"]
    assert [text[start:end] for start, end in find_ranges(text, query_units("株式"))] == ["㍿"]


def test_overlapping_marks_become_one() -> None:
    assert find_ranges("社会保险", query_units("社会保 会保险")) == [(0, 4)]
