"""What several products have in common is multiplied once, and a loss rounded as ever."""

from __future__ import annotations

from lossgen import nodes as n
from lossgen.nodes import Node
from lossgen.products import collected, ordered, shared_products

A, B, C, D = (n.leaf(name, ("i",)) for name in "abcd")
NUMBER = n.leaf("alpha", ())
UPSTREAM = n.leaf("upstream", ("i",))


def product(*factors: Node) -> Node:
    return n.make("mul", factors)


def test_products_share_what_they_have_in_common() -> None:
    loss, slope = shared_products((product(A, B, C), product(UPSTREAM, A, B, D)), (A,))
    assert (loss, slope) == (product(A, B, C), product(UPSTREAM, A, B, D)), "none of it is needed"
    roots = (product(A, B, C), product(UPSTREAM, A, B, D))
    loss, slope = shared_products(roots, roots)
    assert loss == product(product(A, B), C)
    assert slope == product(UPSTREAM, product(A, B), D)


def test_the_first_result_is_multiplied_in_its_order() -> None:
    roots = (product(A, B, C), product(B, C, D))
    assert shared_products(roots, roots) == roots
    roots = (D, *roots)
    assert shared_products(roots, roots)[1] == product(A, product(B, C))


def test_what_only_an_optional_result_needs_is_left_to_it() -> None:
    roots = (A, product(A, B, C), product(A, B, D))
    assert shared_products(roots, roots[:2]) == roots


def test_numbers_meet_before_arrays() -> None:
    """What comes from above may be a number, of which a product with a constant costs nothing."""
    roots = (A, product(n.const(2), UPSTREAM, B), product(n.const(-2), UPSTREAM, B))
    assert shared_products(roots, roots) == roots
    roots = (A, product(UPSTREAM, NUMBER, B), product(UPSTREAM, NUMBER, B, C))
    assert shared_products(roots, roots) == roots


def test_a_parameter_is_multiplied_once_where_nothing_comes_from_above() -> None:
    roots = (product(NUMBER, A, B), n.add(product(NUMBER, A, C), D))
    assert shared_products(roots, roots)[1] == n.add(product(product(NUMBER, A), C), D)


def test_quotients_and_squares_keep_their_order() -> None:
    inverse = n.power(C, n.MINUS_ONE)
    roots = (A, product(A, B, inverse), product(A, B, D), product(A, A, B, D))
    assert shared_products(roots, roots) == roots


def test_the_factors_of_a_matrix_product_stay_apart() -> None:
    left, right = n.leaf("left", ("i", "k")), n.leaf("right", ("k", "j"))
    scale = n.leaf("scale", ("i", "k"))
    whole = n.make("sum", (product(scale, left, right),), ("k",), ("i", "j"))
    roots = (A, whole, product(scale, left))
    assert shared_products(roots, roots) == roots


def test_a_factor_of_all_terms_is_multiplied_last() -> None:
    (root,) = collected((n.make("add", (product(A, B), product(n.MINUS_ONE, C, A))),))
    assert root == product(A, n.make("add", (B, product(n.MINUS_ONE, C))))


def test_a_sum_that_became_a_product_is_no_factor_alone() -> None:
    inner = n.make("add", (product(A, B), product(C, A)))
    outer = n.make("add", (product(D, inner), product(NUMBER, C, A)))
    (root,) = collected((outer,))
    rest = n.make("add", (product(D, n.make("add", (B, C))), product(NUMBER, C)))
    assert root == product(A, rest)


def test_shares_of_a_whole_are_one() -> None:
    rest = product(n.subtract(n.ONE, C), A, B)
    assert collected((n.make("add", (rest, product(C, A, B))),)) == (product(A, B),)


def test_what_would_leave_a_number_or_an_inverse_stays() -> None:
    inverse = n.power(A, n.MINUS_ONE)
    for terms in (
        (product(A, B), A),
        (product(A, B), product(n.const(2), A)),
        (product(inverse, B), product(inverse, C)),
        (product(A, B), product(C, D)),
        (product(A, A, B), product(A, C)),
    ):
        root = n.make("add", terms)
        assert collected((root,)) == (root,)


def test_two_factors_have_one_order() -> None:
    first, second = product(A, B), product(B, A)
    term = n.make("add", (first, C))
    roots = (term, product(UPSTREAM, second), n.make("add", (C, second)), product(C, B, A))
    assert ordered(roots) == (term, product(UPSTREAM, first), term, product(C, B, A))


def test_a_choice_of_one_thing_is_none() -> None:
    mask = n.compare("gt", A, n.ZERO)
    (root,) = ordered((n.make("select", (mask, product(A, B), product(B, A)), (), ("i",)),))
    assert root == product(A, B)
