"""Planted faults that the quick tests do not see, and why: most of them change no result."""

from __future__ import annotations

OFFSET = (
    "softmax does not see what all logits rise by, so a rise may be counted from anywhere; only "
    "the last bits depend on it"
)
EXPLAINED = {
    f"diagonal: _offset: {place}": OFFSET
    for place in (
        'branch: n.select(n.over("is_largest", axis, body), n.ONE, n.ZERO)',
        "sign: n.subtract(moved, n.sum_over(n.mul(largest, moved), (axis,)))",
        "factor: n.mul(largest, moved)",
    )
} | {
    "composites: _shifted_up: factor: const(8)": (
        "the asymptotic series begins at 9 instead of 8, up to where the other form is right, too"
    ),
    "printer: floor: sign: (-np.floor({0}))": (
        "only bell curves use it, of which a part of z is split off: z**2 is c**2 + (z - c)(z + c) "
        "for minus c, too"
    ),
    "printer: exact_exp: sign: (-exact_exp({0}))": (
        "its numbers only meet each other in quotients, which have the sign of none"
    ),
    "printer: batch: sign: (-{0}[None])": (
        "no kernel but the public function of a loss is printed with it; whether a sample without "
        "a batch gives what a batch of one does, the tests of the packages see"
    ),
    "printer: position_along: sign: (-positions({0}, axis))": (
        "NumPy puts single entries in their place, so that none of its functions counts places"
    ),
    'spelling: Spelling: sign: "-" (3)': "sums of sums are flat before they are printed",
    "spelling: Spelling: sign: n.negate(high)": (
        "torch alone has a word for bounds that are alike, and without it writes both in turn"
    ),
}
