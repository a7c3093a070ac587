"""Raise the precision until a result can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mpmath import mp

from lossgen.oracle.jets import Jet

FIRST_DIGITS, AGREED_DIGITS, LAST_DIGITS = 50, 25, 16000
ZERO_DIGITS = 2000  # by default; powers of what is given hide in so many, exponentials may in more
JUMP = 100  # where two results do not agree in so many digits, it is mostly for a zero


def settle(compute: Callable[[], Jet], zero: int = ZERO_DIGITS) -> tuple[int, Jet]:
    """Double the precision until two results agree; return the digits it took and the result.

    A zero that came of terms which are none is believed at ``zero`` digits; a formula that is not
    finite until then, as ``log(1 - s(x))`` for large x, gets more.
    """
    last, digits = None, FIRST_DIGITS
    for digits in _precisions(zero):
        with mp.workdps(digits):
            jet = _finite(compute)
            settled = jet is not None and last is not None and _agree(last, jet)
        if jet is not None and (settled or (digits == zero and last is not None)):
            return digits, jet
        last = jet
    if last is None:
        raise ArithmeticError("the declared formula is not finite here")
    return digits, last


def _precisions(zero: int) -> Iterator[int]:
    digits = FIRST_DIGITS
    while digits < zero:
        yield digits
        digits = min(2 * digits, zero) if digits < JUMP else zero
    while digits <= LAST_DIGITS:
        yield from (digits, digits + 2 * AGREED_DIGITS)
        digits *= 2


def _finite(compute: Callable[[], Jet]) -> Jet | None:
    try:
        jet = compute()
    except ZeroDivisionError:
        return None
    return jet if all(map(mp.isfinite, jet.coefficients())) else None


def _agree(last: Jet, jet: Jet) -> bool:
    """Say whether two results agree; a zero that nothing cancelled to is exact."""
    if jet.doubtful or not jet.same_shape(last):
        return False
    pairs = zip(last.coefficients(), jet.coefficients(), strict=True)
    tolerance = mp.mpf(10) ** -AGREED_DIGITS
    return all(abs(new - old) <= tolerance * abs(new) for old, new in pairs)
