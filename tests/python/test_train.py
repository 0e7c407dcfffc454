"""Training: the command's bits, resuming either way, streams, callbacks, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest

import weir


def weights(folder):
    with open(os.path.join(folder, "model.safetensors"), "rb") as f:
        return f.read()


SETTINGS = ["--set", "hidden=16", "--set", "couplings=2", "--lr", "0.002", "--seed", "3"]


def test_the_same_bits_as_the_command(run, command, tmp_path):
    command("train", "nice", "--data", os.path.join(run.folder, "data", "samples.npy"), *SETTINGS,
            "--steps", 40, "--out", tmp_path / "c", "--quiet")
    assert weights(run.folder) == weights(tmp_path / "c")


def test_the_command_goes_on_with_a_run_of_python(table, command, tmp_path):
    said = {"steps": 30000, "hidden": [16], "couplings": 2, "seed": 3}
    half = weir.train("nice", table, tmp_path / "p", callback=lambda p: True, **said)
    assert 0 < half.step < 30000  # told after a tenth of a second
    whole = weir.train("nice", table, tmp_path / "w", **said)
    del half
    command("train", "--out", tmp_path / "p", "--resume", "--quiet")
    assert whole.step == 30000 and weights(tmp_path / "p") == weights(whole.folder)


def test_python_goes_on_with_a_run_of_the_command(command, tmp_path):
    for name, minutes in (("c", 0.0005), ("w", 10)):
        command("train", "nice", "--data", "toy:moons,n=300", *SETTINGS, "--steps", 30000, "--minutes", minutes,
                "--out", tmp_path / name, "--quiet")
    run = weir.Run(tmp_path / "c")
    assert 0 < run.step < 30000
    assert run.train().step == 30000 and weights(tmp_path / "c") == weights(tmp_path / "w")


def test_a_folder_keeps_what_it_was_trained_on(run, table):
    before = weights(run.folder)
    with pytest.raises(weir.errors.StateError, match="other samples"):
        weir.train("nice", table + 1, run.folder, resume=True)
    with pytest.raises(weir.errors.StateError):
        weir.train("nice", table, run.folder)
    assert weights(run.folder) == before


def test_callbacks_are_told_and_may_stop(table, tmp_path):
    seen = []
    run = weir.train("nice", table, tmp_path / "r", steps=30, hidden=[8],
                     callback=lambda p: seen.append(p.step))
    assert seen[-1] == 30 and run.progress.step == 30
    run = weir.train("nice", table, tmp_path / "s", steps=10**6, hidden=[8], callback=lambda p: p.step > 5)
    assert 5 < run.step < 10**6
    with pytest.raises(ZeroDivisionError):
        weir.train("nice", table, tmp_path / "t", steps=10**6, hidden=[8], callback=lambda p: 1 / 0)
    assert weir.Run(tmp_path / "t").step > 0


def test_ctrl_c_saves_and_raises(tmp_path):
    program = textwrap.dedent("""
        import numpy as np, os, signal, sys, weir
        x = np.random.default_rng(1).normal(size=(400, 2))
        print("begins", flush=True)
        try:
            weir.train("nice", x, sys.argv[1], steps=10**9, hidden=[8],
                       callback=lambda p: p.step > 20 and os.kill(os.getpid(), signal.SIGINT) and None)
        except KeyboardInterrupt:
            print("interrupted", weir.Run(sys.argv[1]).step > 20)
    """)
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "r")], text=True, timeout=60,
                          capture_output=True)
    assert done.stdout.split("\n")[1] == "interrupted True", done.stderr


def test_names_weights_labels_conditions(tmp_path):
    rng = np.random.default_rng(1)
    x, labels = rng.normal(size=(300, 2)), np.array(["a", "b"])[rng.integers(0, 2, 300)]

    class Frame:
        columns = ["height", "width, cm"]

        def __array__(self, dtype=None, copy=None):
            return x

    run = weir.train("nice", Frame(), tmp_path / "f", steps=5, hidden=[8])
    assert run.model.columns == ["height", "width, cm"]
    kept = weir.Dataset(os.path.join(run.folder, "data", "samples.npy"))
    assert np.array_equal(kept.numpy(), x) and kept.columns == Frame.columns
    run = weir.train("nice", x, tmp_path / "l", steps=5, hidden=[8], labels=labels, classes="auto",
                     condition=rng.normal(size=(300, 3)), weights=rng.uniform(size=300))
    assert run.model.classes == 2 and run.model.class_names == ["a", "b"] and run.model.context_dim == 3
    assert run.model.sample(4, condition={"class": "b", "context": np.zeros(3)}).shape == (4, 2)


def test_frames_keep_their_names_and_numbers(tmp_path):
    x = np.random.default_rng(2).normal(size=(200, 2)).astype(np.float32)

    def frame(names, values=x):
        return type("Frame", (), {"columns": names, "__array__": lambda self, dtype=None, copy=None: values})()

    runs = [weir.train("nice", data, tmp_path / name, steps=5, hidden=[8])
            for name, data in (("plain", x), ("named", frame(["ä", "it's"])), ("twice", frame(["a", "a"])),
                               ("slash", frame(["a\\b", "c"])))]
    assert all(np.array_equal(r.model.log_prob(x), runs[0].model.log_prob(x)) for r in runs)
    assert [r.model.columns for r in runs] == [None, ["ä", "it's"], ["a", "a"], ["a\\b", "c"]]
    files = [os.listdir(os.path.join(r.folder, "data")) for r in runs]
    assert files == [["samples.npy"], ["samples.npy"], ["samples.csv"], ["samples.csv"]]
    for r, names in ((runs[1], ["ä", "it's"]), (runs[2], ["a", "a"])):
        r.close()
        assert weir.train("nice", frame(names), r.folder, steps=7, hidden=[8], resume=True).step == 7
        with pytest.raises(weir.errors.StateError, match="other samples"):
            weir.train("nice", frame(names, x + 1), r.folder, hidden=[8], resume=True)
    counts = frame(["a", "b"], np.arange(400).reshape(200, 2).astype(np.uint8))
    assert weir.train("nice", counts, tmp_path / "u8", steps=2, hidden=[8]).model.levels == 0
    named = weir.Dataset(os.path.join(tmp_path, "named", "data", "samples.npy") + ",condition=it's")
    assert named.columns == ["ä"] and named.dim == 1


def test_averages_by_half_life(table, tmp_path):
    said = {"steps": 20, "hidden": [8], "batch": 50}
    a = weir.train("nice", table, tmp_path / "a", ema_half_life=200, **said).model
    b = weir.train("nice", table, tmp_path / "b", **said).model
    assert not np.array_equal(a.log_prob(table), b.log_prob(table))
    with pytest.raises(weir.Error, match="expected one of them"):
        weir.train("nice", table, tmp_path / "c", ema_half_life=200, ema=0.9, **said)


def test_streams(tmp_path):
    rng, seen = np.random.default_rng(1), []
    batches = (rng.normal(3, 2, size=(64, 2)).astype(np.float32) for _ in range(40))
    m = weir.train("nice", batches, tmp_path / "s", lr=1e-3, hidden=[8], callback=lambda p: seen.append(p.loss))
    assert len(seen) == 40 and np.isfinite(seen).all()
    x = m.sample(2000, seed=1)
    assert x.mean() == pytest.approx(3, abs=0.5)
    again = weir.Model.load(tmp_path / "s")
    assert np.array_equal(again.log_prob(x), m.log_prob(x))

    def broken():
        yield np.ones((4, 2))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        weir.train("nice", broken(), hidden=[8])
    for nothing in (iter([]), iter([np.zeros((0, 2))]), iter([np.float64(3)])):
        with pytest.raises(weir.errors.ShapeError, match="batch"):
            weir.train("nice", nothing, hidden=[8])


def test_what_does_not_begin_leaves_nothing(tmp_path):
    x = np.random.default_rng(1).normal(size=(50, 2))
    out = tmp_path / "run"
    for model, data, said in (("nise", x, {}), ("nice", x, {"hiden": 3}), ("nice", x, {"steps": -4}),
                              ("nice", x, {"labels": [1, 2]}), ("nice", np.full((50, 2), np.nan), {})):
        with pytest.raises(weir.errors.Error):
            weir.train(model, data, out, **said)
        assert not out.exists()
    out.mkdir()
    with pytest.raises(weir.errors.Error):
        weir.train("nise", x, out)
    assert out.exists()


def test_warnings_are_python_s(tmp_path):
    x = np.random.default_rng(1).normal(size=(100, 2))
    x[:, 1] = 1
    with pytest.warns(weir.WeirWarning):
        weir.train("nice", x, tmp_path / "r", steps=2, hidden=[8])


def test_history(run):
    lines = [m for m in run.history if "loss" in m]
    assert lines and lines[-1]["step"] == 40


def test_quiet_and_bars(table, capsys):
    weir.train("nice", table, steps=5, hidden=[8])
    assert capsys.readouterr().err == ""
    weir.train("nice", table, steps=5, hidden=[8], progress=True)
    assert "5" in capsys.readouterr().err


def test_a_temporary_run_goes_with_its_handle(table):
    run = weir.train("nice", table, steps=2, hidden=[8])
    folder = run.folder
    assert os.path.exists(folder) and json.load(open(os.path.join(folder, "config.json")))
    del run
    assert not os.path.exists(folder)
