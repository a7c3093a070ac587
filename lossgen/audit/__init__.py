"""A loss that lossgen did not write, compared with the exact result of a spec.

Data goes one way: a `plan` says what is called and how; points (`inputs`) are run by the `target`
in its own framework (`runners`, `conversions`) and judged (`compare`). `builtins` holds the plans
for losses of other libraries, `page` writes what was found of them.
"""
