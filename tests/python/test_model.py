"""Models: samples and densities, beside the command and beside what they must be."""

import json
import os
import pickle

import numpy as np
import pytest

import weir


def test_samples_are_those_of_the_command(run, command, tmp_path):
    command("sample", run.folder, "-n", 20, "--seed", 5, "-o", tmp_path / "x.npy")
    x = weir.Model.load(run.folder).sample(20, seed=5)
    assert x.dtype == np.float32 and np.array_equal(x, np.load(tmp_path / "x.npy"))


def test_scores_are_those_of_the_command(run, table, command, tmp_path):
    np.save(tmp_path / "t.npy", table)
    said = json.loads(command("score", run.folder, "--data", tmp_path / "t.npy", "--json"))
    mine = weir.Model.load(run.folder).score(table)
    assert mine.nats == said["nats"] and mine.n == 400 and mine.kind == "exact"


def test_samples_are_clamped(table, tmp_path):
    m = weir.train("ddpm", table[:40], tmp_path / "r", steps=5, net__hidden=[8], seed=2).model
    low, high = -0.25, 0.5
    x = m.sample(50, solver=weir.samplers.ddim(clamp_low=low, clamp_high=high), steps=5, seed=1)
    assert x.min() >= low - 1e-6 and x.max() <= high + 1e-6
    y = m.sample(50, solver=weir.samplers.ddim(clamp="no"), steps=5, seed=1)
    assert y.min() < low and y.max() > high
    with pytest.raises(weir.Error, match="clamp=yes: continuous data"):
        m.sample(2, solver=weir.samplers.ddim(clamp="yes"))


def test_bounds_are_those_of_the_command(table, command, tmp_path):
    x = table[:40]
    np.save(tmp_path / "t.npy", x)
    run = weir.train("ddpm", x, tmp_path / "r", steps=5, net__hidden=[8], path__steps=20, seed=2)
    said = json.loads(command("score", run.folder, "--data", tmp_path / "t.npy", "--bound", "vlb", "--json",
                              "-o", tmp_path / "p.npy"))
    mine = run.model.score(x, bound="vlb", seed=1)
    assert mine.nats == said["nats"] and mine.kind == "lower bound" and mine.n == 40
    p, info = run.model.log_prob(x, bound="vlb", seed=1, info=True)
    assert np.array_equal(p, np.load(tmp_path / "p.npy").reshape(-1)) and info.kind == "lower bound"
    assert info.evaluations == 20 and p.mean() < run.model.log_prob(x).mean()
    more = run.model.log_prob(x, bound="vlb", steps=10, seed=1, info=True)[1]
    assert more.evaluations == 10
    for wrong, name in (({"bound": "elbo"}, "bound"), ({"bound": "vlb", "probes": 3}, "probes"),
                        ({"bound": "vlb", "solver": "heun"}, "solver")):
        for call in (run.model.log_prob, run.model.score):
            with pytest.raises(weir.errors.ArgumentError, match=name):
                call(x, **wrong)


def test_a_flow_has_no_variational_bound(model, table):
    for call in (model.log_prob, model.score):
        with pytest.raises(weir.errors.Unsupported):
            call(table, bound="vlb")


def test_log_prob_integrates_to_one(model):
    a = np.linspace(-12, 12, 401)
    x = np.stack(np.meshgrid(a, a), -1).reshape(-1, 2)
    assert np.exp(model.log_prob(x)).sum() * (a[1] - a[0]) ** 2 == pytest.approx(1, abs=1e-3)


def test_gradient_of_log_prob_is_its_slope(model):
    x = model.sample(5, seed=1).astype(np.float64)
    p, g = model.log_prob_grad(x)
    assert np.array_equal(p, model.log_prob(x)) and g.shape == x.shape
    for j in range(2):
        e = np.zeros(2)
        e[j] = 1e-3
        slope = (model.log_prob(x + e) - model.log_prob(x - e)) / 2e-3
        assert g[:, j] == pytest.approx(slope, abs=2e-2)


def test_encode_and_decode(model, table):
    z = model.encode(table)
    assert z.shape == table.shape
    assert model.decode(z) == pytest.approx(table, abs=1e-4)
    x = model.sample(3, noise=z[:3].astype(np.float32))
    assert x == pytest.approx(table[:3], abs=1e-4)


def test_samples_with_their_density(model):
    x, log_q = model.sample_log_prob(50, seed=2)
    assert np.array_equal(x, model.sample(50, seed=2))
    assert log_q == pytest.approx(model.log_prob(x), abs=1e-4)


def test_calls_go_on_and_seeds_do_not(run):
    m = weir.Model.load(run.folder)
    a, b = m.sample(4), m.sample(4)
    m.sample_position = 0
    assert not np.array_equal(a, b) and np.array_equal(m.sample(8), np.concatenate([a, b]))
    assert np.array_equal(m.sample(4, seed=1, first=4), b)
    assert m.sample_position == 8


def test_types_and_shapes(model):
    x = model.sample(3, dtype=np.float64, seed=1)
    assert x.dtype == np.float64 and np.array_equal(x.astype(np.float32), model.sample(3, seed=1))
    assert model.sample(0).shape == (0, 2) and model.log_prob(np.empty((0, 2))).shape == (0,)
    assert (model.dim, model.shape, model.levels, model.classes) == (2, (2,), 0, 0)
    assert "couplings=2" in model.options and model.name == "nice"


@pytest.mark.parametrize("call, error", [
    (lambda m: m.log_prob(np.ones((3, 3))), weir.errors.ShapeError),
    (lambda m: m.log_prob(1.0), weir.errors.ShapeError),
    (lambda m: m.log_prob(np.array([["a", "b"]])), weir.errors.DTypeError),
    (lambda m: m.log_prob(np.ones((3, 2), complex)), weir.errors.DTypeError),
    (lambda m: m.sample(-1), weir.errors.RangeError),
    (lambda m: m.sample(2, dtype=np.int32), weir.errors.DTypeError),
    (lambda m: m.sample(2, noise=np.ones((3, 2))), weir.errors.ShapeError),
    (lambda m: m.sample(2, solver="heun"), weir.Error),
    (lambda m: m.sample(2, condition="three"), weir.Error),
    (lambda m: m.sample_log_prob(2, temperature=0), weir.Error),
    (lambda m: weir.Model("nicee", dim=2), weir.errors.NameUnknown),
    (lambda m: weir.Model("nice", dim=2, hiden=3), weir.errors.NameUnknown),
    (lambda m: weir.Model("nice", dim=-2), weir.errors.RangeError),
    (lambda m: weir.Model.load("no such file"), weir.errors.FileError),
    (lambda m: weir.Dataset("no such file"), weir.errors.FileError),
    (lambda m: m.score("toy:nothing"), weir.Error),
    (lambda m: weir.list("nothing"), weir.errors.NameUnknown),
])
def test_errors_are_one_line_and_leave_all_well(model, call, error):
    before = model.log_prob(np.ones((1, 2)))
    with pytest.raises(error) as e:
        call(model)
    assert "\n" not in str(e.value) and ":" in str(e.value)
    assert np.array_equal(model.log_prob(np.ones((1, 2))), before)


def test_errors_are_python_s_own_too():
    assert issubclass(weir.errors.ShapeError, ValueError)
    assert issubclass(weir.errors.FileError, OSError)
    assert set(weir.errors.OF_STATUS) == set(range(1, 14))


def test_nan_is_a_value(model):
    p, info = model.log_prob(np.array([[0, np.nan], [0, 0]]), info=True)
    assert np.isnan(p[0]) and np.isfinite(p[1]) and info.n_failed == 1


def test_pickle_and_file(model, tmp_path):
    x = np.ones((2, 2))
    again = pickle.loads(pickle.dumps(model))
    model.save(tmp_path / "m.safetensors")
    assert np.array_equal(again.log_prob(x), model.log_prob(x))
    assert np.array_equal(weir.Model.load(tmp_path / "m.safetensors").log_prob(x), model.log_prob(x))


def test_many_samples_call_back(model):
    seen = []
    model.sample(20000, batch=1000, callback=lambda done, n: seen.append((done, n)))
    assert seen[-1] == (20000, 20000)
    with pytest.raises(weir.errors.Stopped):
        model.sample(20000, batch=1000, callback=lambda done, n: True)
    with pytest.raises(ZeroDivisionError):
        model.sample(20000, batch=1000, callback=lambda done, n: 1 / 0)


def test_conditions():
    m = weir.Model("nice", dim=2, classes=3, context=2, hidden=[8], where=weir.Context(1))
    k = {"class": [0, 2], "context": np.ones((2, 2))}
    x = m.sample(condition=k, seed=1)
    assert x.shape == (2, 2)
    assert np.array_equal(m.sample(4, condition=k, seed=1)[::2], m.sample(4, condition=k, seed=1)[::2])
    assert m.log_prob(x, condition=k).shape == (2,)
    assert m.log_prob(x, condition={"class": 1, "context": [1.0, 2.0]}).shape == (2,)
    with pytest.raises(weir.Error, match="class"):
        m.log_prob(x)
    for no_class in (np.array([0.0, 1.7]), np.array([True, False])):
        with pytest.raises(weir.errors.DTypeError, match="expected integers"):
            m.log_prob(x, condition={"class": no_class, "context": np.ones((2, 2))})


def test_continuous_models():
    m = weir.Model("rectified-flow", dim=2, net__hidden=[8], where=weir.Context(1))
    x = m.sample(3, solver=weir.samplers.heun(), steps=4, seed=1)
    p, info = m.log_prob(x, solver=weir.samplers.rk4(), steps=8, info=True)
    assert info.solver == "rk4" and info.fixed_steps == 8 and np.isfinite(p).all()


def test_comparisons(model, table):
    far = weir.compare(model, table + 5, "energy")
    near = weir.compare(table[:200], table[200:], weir.metrics.energy())
    assert far.value > 10 * abs(near.value) and near.error > 0 and near.n_a == 200
    columns = weir.compare(table, table, ["kolmogorov_smirnov"])["kolmogorov_smirnov"]
    assert columns.value.shape == (2,) and (columns.value == 0).all()


def test_rows():
    assert "sampler" in weir.list()
    heun = next(r for r in weir.list("sampler") if r.name == "heun")
    assert heun.doc and heun.options[0].name
    spec = weir.models.nsf(layers=2, net=weir.networks.mlp(hidden=[8, 8]), dim=2)
    assert spec == 'nsf dim=2 layers=2 net="mlp hidden=8,8"'
    assert "hidden=8,8" in weir.Model(spec).options
    assert "couplings" in weir.models.nsf.__doc__ and "layers : int, 6 unless said" in weir.models.nsf.__doc__
    parts = [weir.bijections.scale(), weir.bijections.affine_coupling(net="mlp hidden=8")]
    flow = weir.models.flow(dim=2, flow=weir.bijections.compose(parts=parts))
    assert "flow.parts.1.net.hidden=8" in weir.Model(flow).options


def test_report_and_export(run, tmp_path):
    file = weir.report(run, tmp_path / "page.html")
    assert open(file).read().startswith("<!")
    assert os.path.exists(tmp_path / "page.html")
    weir.Model.load(run.folder).export("torch", tmp_path / "torch")
    assert (tmp_path / "torch" / "model.py").exists()


def test_pictures(run, model):
    if "png" not in weir.features:
        pytest.skip("no PNG in this build")
    assert model._repr_png_().startswith(b"\x89PNG")
    assert "polyline" in run._repr_html_()
    assert "nice" in repr(model) and "step 40" in repr(run)
