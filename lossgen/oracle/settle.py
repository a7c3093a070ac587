"""Raise the precision until a result can be trusted."""

from __future__ import annotations

from collections.abc import Callable

from mpmath import mp

from lossgen.oracle.jets import Jet

FIRST_DIGITS, AGREED_DIGITS, ZERO_DIGITS, LAST_DIGITS = 50, 25, 2000, 16000


def settle(compute: Callable[[], Jet]) -> tuple[int, Jet]:
    """Double the precision until two results agree; return the digits it took and the result."""
    digits, last = FIRST_DIGITS, None
    while True:
        with mp.workdps(digits):
            jet = _finite(compute)
            settled = jet is not None and last is not None and _agree(last, jet, digits)
        if jet is not None and (settled or digits >= ZERO_DIGITS and last is None):
            return digits, jet
        if digits >= (ZERO_DIGITS if jet is not None else LAST_DIGITS):
            if jet is None:
                raise ArithmeticError("the declared formula is not finite here")
            return digits, jet
        last = jet
        digits = (
            2 * digits if jet is None or digits >= ZERO_DIGITS else min(2 * digits, ZERO_DIGITS)
        )


def _finite(compute: Callable[[], Jet]) -> Jet | None:
    try:
        jet = compute()
    except ZeroDivisionError:
        return None
    return jet if all(map(mp.isfinite, jet.coefficients())) else None


def _agree(last: Jet, jet: Jet, digits: int) -> bool:
    if not jet.same_shape(last):
        return False
    pairs = zip(last.coefficients(), jet.coefficients(), strict=True)
    tolerance = mp.mpf(10) ** -AGREED_DIGITS
    return all(new != 0 and abs(new - old) <= tolerance * abs(new) for old, new in pairs)
