"""What pytest has to know before the tests are collected."""


def pytest_configure(config):
    # chainer.gradient_check marks a function of its own, and --strict-markers minds unknown marks.
    config.addinivalue_line("markers", "gpu: used inside of chainer.testing")
