"""What a document costs: worked out once, evaluated for each request, never less than what runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shimin.db.reading import PAGE_MAX
from shimin_graphql.engine.cost import LIST_SIZE_ASSUMED, MUTATION_COST, REMOTE_COST, RESOLVER_COST, SEARCH_COST
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.errors import DocumentTooCostly
from shimin_graphql.engine.limits import Limits
from shimin_graphql.schema import schema

DOCUMENTS = Documents(schema._schema)
PAGE = "query($n: Int) { inbox(first: $n) { edges { node { id title } } } }"


def cost(text: str, **variables: object) -> int:
    return DOCUMENTS.compile(text).cost_of(variables)


def test_a_field_costs_one_and_more_where_it_runs_code_searches_writes_or_asks_elsewhere() -> None:
    assert cost("{ __typename }") == 1
    assert cost("{ viewer { name id } }") == RESOLVER_COST + 2
    assert cost("{ guideNavigation { __typename } }") == SEARCH_COST + 1
    assert cost("{ socialInsurance { __typename } }") == REMOTE_COST + 1
    assert cost("mutation { signOut { __typename } }") == MUTATION_COST + 1


def test_a_page_multiplies_what_is_asked_of_its_elements() -> None:
    of_one = 1 + 2  # node, its id and title
    assert cost("{ inbox(first: 10) { edges { node { id title } } } }") == RESOLVER_COST + 1 + 10 * of_one
    assert cost(PAGE, n=7) == RESOLVER_COST + 1 + 7 * of_one
    assert cost(PAGE) == cost(PAGE, n=None) == RESOLVER_COST + 1 + 20 * of_one
    assert cost("query($n: Int = 3) { inbox(first: $n) { edges { node { id title } } } }") == RESOLVER_COST + 1 + 9


def test_a_list_without_a_size_counts_as_ten() -> None:
    assert cost('{ guide(code: "x") { materials } }') == RESOLVER_COST + 1
    assert cost("{ socialInsurance { bills { __typename } } }") == REMOTE_COST + 1 + LIST_SIZE_ASSUMED


def test_aliases_and_fragments_cost_what_they_come_to() -> None:
    one = cost("{ viewer { name } }")
    assert cost("{ a: viewer { name } b: viewer { name } }") == 2 * one
    assert cost("{ ...A ...A } fragment A on Query { viewer { name } }") == 2 * one


def test_what_a_directive_leaves_out_costs_nothing() -> None:
    text = "query($all: Boolean!) { __typename viewer @include(if: $all) { name } }"
    assert cost(text, all=False) == 1
    assert cost(text, all=True) == DOCUMENTS.compile(text).cost.most == 1 + RESOLVER_COST + 1
    assert cost("{ __typename viewer @skip(if: true) { name } }") == 1


@given(number=st.one_of(st.integers(-5, PAGE_MAX), st.none(), st.text(max_size=3), st.booleans(), st.just(1e308)))
def test_a_cost_is_a_number_whatever_the_variables_are_and_at_most_the_bound_where_they_are_good(
    number: object,
) -> None:
    found = cost(PAGE, n=number)
    assert found >= RESOLVER_COST + 1
    if number is None or (type(number) is int and number <= PAGE_MAX):
        assert found <= DOCUMENTS.compile(PAGE).cost.most


def test_what_some_variables_would_make_too_costly_is_not_registered() -> None:
    documents = Documents(schema._schema, Limits(cost=200))
    documents.compile(PAGE)
    with pytest.raises(DocumentTooCostly) as refused:
        documents.register(PAGE)
    assert (refused.value.limit, refused.value.found) == ("cost", RESOLVER_COST + 1 + PAGE_MAX * 3)


def test_the_clients_documents_cost_little_as_the_client_sends_them() -> None:
    assert max(document.cost_of({}) for document in DOCUMENTS.register_client()) < Limits().cost / 5
