"""What pytest has to know before the tests are collected."""

import atexit
import os
import shutil
import sys
import tempfile
from contextlib import nullcontext

import pytest
from cores import one_core

# JAX reads this as it starts; the tests of arrays over several devices want eight.
_FLAGS = os.environ.get("XLA_FLAGS", "")
os.environ["XLA_FLAGS"] = f"{_FLAGS} --xla_force_host_platform_device_count=8".strip()

# Builds of the tests remember nothing of other builds, and leave nothing behind.
os.environ["LOSSGEN_CACHE"] = tempfile.mkdtemp(prefix="lossgen-cache-")
atexit.register(shutil.rmtree, os.environ["LOSSGEN_CACHE"], ignore_errors=True)

# Whether a loss is exact is for test_lock.py; elsewhere builds need not find out.
os.environ["LOSSGEN_VERIFY"] = "0"


@pytest.fixture(autouse=True, scope="session")
def mindspore_at_once():
    """MindSpore runs operations where they are called: its threads take eight times as long."""
    if "mindspore" in sys.modules:
        sys.modules["mindspore"].runtime.launch_blocking()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Keep a worker on one core in the tests of MindSpore, which say so in their names."""
    with one_core() if "mindspore" in item.nodeid.lower() else nullcontext():
        return (yield)


def pytest_configure(config):
    # chainer.gradient_check marks a function of its own, and --strict-markers minds unknown marks.
    config.addinivalue_line("markers", "gpu: used inside of chainer.testing")
