"""The conformance run: points from a declared domain, run in every framework, judged by the oracle.

Data goes one way: points (`settings`, `space`, `draws`, `sample`) are run (`calls`, `runners`) and
judged (`judge`, `budgets`); `examine` joins the three.
"""
