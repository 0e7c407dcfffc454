"""What the tests share: a run of two columns, the command, warnings that nobody meant."""

import os
import subprocess

import numpy as np
import pytest

import weir

COMMAND = os.environ["WEIR"]


@pytest.fixture(scope="session")
def table():
    z = np.random.default_rng(1).normal(size=(400, 2))
    return np.stack([z[:, 0], z[:, 0] ** 2 / 2 + z[:, 1] / 2], axis=1)


@pytest.fixture(scope="session")
def run(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "nice"
    return weir.train("nice", table, folder, steps=40, hidden=[16], couplings=2, lr=2e-3, seed=3)


@pytest.fixture
def model(run):
    return weir.Model.load(run.folder)


@pytest.fixture
def command(tmp_path):
    def call(*arguments, **said):
        done = subprocess.run([COMMAND, *map(str, arguments)], cwd=tmp_path, text=True,
                              capture_output=True, **said)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call
