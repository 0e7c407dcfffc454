"""The engine: what PyTorch's introduction to autograd does, modules, optimizers, ops in Python."""

import copy
import gc

import numpy as np
import pytest

import weir
import weir.functional as F


def test_the_introduction_to_autograd():
    """examples/autograd.c, line by line."""
    w = weir.tensor([2.0, 3.0], requires_grad=True)
    loss = (w ** 2).sum()
    loss.backward()
    assert w.grad.tolist() == [4, 6] and loss.grad_fn == "op.sum"
    (w ** 2).sum().backward()
    assert w.grad.tolist() == [8, 12]
    w.grad = None
    (w ** 2).sum().backward()
    assert w.grad.tolist() == [4, 6]

    x = weir.tensor(100.0, requires_grad=True)
    y, n = x, 0
    while y.item() >= 1:
        y, n = y * 0.5, n + 1
    y.backward()
    assert n == 7 and x.grad.item() == 0.0078125

    w = weir.tensor([1.0, 2.0], requires_grad=True)
    with weir.no_grad():
        assert not w.exp().requires_grad
    assert w.exp().requires_grad and not w.exp().detach().requires_grad

    h = w.exp()
    loss = (h * w).sum()
    h.detach().add_(1)
    with pytest.raises(weir.errors.GraphError, match="op.mul.*add_"):
        loss.backward()

    x = weir.tensor(2.0, dtype=weir.float64, requires_grad=True)
    y = x ** 4
    for _ in range(3):
        (y,) = weir.autograd.grad(y, x, create_graph=True)
    assert y.item() == 48

    w = weir.tensor([1.0, 2.0], requires_grad=True)
    assert weir.autograd.functional.jacobian(lambda x: x ** 2, w).tolist() == [[2, 0], [0, 4]]
    assert weir.autograd.functional.hessian(lambda x: (x ** 3).sum(), w).tolist() == [[6, 0], [0, 12]]
    y, jv = weir.autograd.functional.jvp(lambda x: x ** 2, w, [1.0, 1.0])
    assert jv.tolist() == [2, 4]


OPERATORS = {
    "a + b": lambda a, b: a + b, "a - 2": lambda a, b: a - 2, "2 - a": lambda a, b: 2 - a,
    "a * b": lambda a, b: a * b, "3 * a": lambda a, b: 3 * a, "a / b": lambda a, b: a / b,
    "1 / b": lambda a, b: 1 / b, "a ** 2": lambda a, b: a ** 2, "-a": lambda a, b: -a,
    "abs": lambda a, b: abs(a), "a @ b.T": lambda a, b: a @ b.T, "a < b": lambda a, b: a < b,
    "a >= b": lambda a, b: a >= b, "a == a": lambda a, b: a == a, "a != b": lambda a, b: a != b,
    "sum": lambda a, b: a.sum(), "sum 0": lambda a, b: a.sum(0), "mean 1": lambda a, b: a.mean(1),
    "max": lambda a, b: a.max(), "reshape": lambda a, b: a.reshape(3, 2), "T": lambda a, b: a.T,
    "a[1]": lambda a, b: a[1], "a[:, None]": lambda a, b: a[:, None], "a[..., -1]": lambda a, b: a[..., -1],
    "2 ** a": lambda a, b: 2.0 ** a, "cumsum": lambda a, b: a.cumsum(1), "var": lambda a, b: a.var(),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_are_numpy_s(name):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 3)), rng.uniform(1, 2, size=(2, 3))
    want = OPERATORS[name](a, b)
    if name == "var":
        want = a.var(ddof=1)
    got = OPERATORS[name](weir.tensor(a), weir.tensor(b))
    assert got.shape == np.shape(want) and np.asarray(got) == pytest.approx(want, rel=1e-12)


def test_by_index_and_mask():
    x = np.arange(12.0).reshape(4, 3)
    t = weir.tensor(x)
    assert np.array_equal(t[[0, -1]], x[[0, -1]]) and np.array_equal(t[t[:, 0] > 2], x[x[:, 0] > 2])
    assert [p.shape for p in F.split(t, [1, 3])] == [(1, 3), (3, 3)]
    assert [p.shape for p in F.chunk(t, 3)] == [(2, 3), (2, 3)]
    assert np.array_equal(F.roll(t, 1, 0), np.roll(x, 1, 0)) and np.array_equal(F.pad(t, [1, 0]), np.pad(x, [(0, 0), (1, 0)]))
    assert np.array_equal(F.cat([t, t], 1), np.concatenate([x, x], 1))
    values, places = t.max(1)
    assert values.tolist() == [2, 5, 8, 11] and places.tolist() == [2] * 4
    sign, log = F.slogdet(weir.tensor([[2.0, 0.0], [0.0, -3.0]]))
    assert sign.item() == -1 and log.item() == pytest.approx(np.log(6))


def test_functional_beside_modules():
    x = weir.randn(2, 3, 8, 8)
    conv = weir.nn.Conv2d(3, 4, 3, padding=1)
    state = conv.state_dict()
    y = F.conv2d(x, state["weight"], state["bias"], padding=1)
    assert np.array_equal(y.detach(), conv(x).detach())
    assert F.max_pool2d(x, kernel=2).shape == (2, 3, 4, 4)
    logits, target = weir.randn(5, 3), weir.tensor([0, 1, 2, 1, 0])
    loss = F.cross_entropy(logits, target)
    assert loss.item() == pytest.approx(-np.asarray(F.log_softmax(logits, 1))[range(5), [0, 1, 2, 1, 0]].mean(), rel=1e-6)
    assert F.cross_entropy(logits, target, reduction="none").shape == (5,)
    assert F.mse_loss(logits, logits, "sum").item() == 0
    q = weir.randn(1, 4, 8)
    assert F.scaled_dot_product_attention(q, q, q).shape == (1, 4, 8)
    with pytest.raises(weir.errors.NameUnknown):
        F.cross_entropy(logits, target, smoothing=1)
    with pytest.raises(weir.errors.NameUnknown):
        F.mse_loss(logits, logits, "median")


def test_a_network_learns():
    weir.manual_seed(1)
    net = weir.nn.Sequential(weir.nn.Linear(2, 16), weir.nn.Tanh(), weir.nn.Linear(16, 1))
    optimizer = weir.optim.Adam(net.parameters(), lr=1e-2)
    x = weir.randn(128, 2)
    y = x[:, :1] * x[:, 1:]
    for _ in range(300):
        loss = F.mse_loss(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.02 and optimizer.steps == 300
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_state_dicts_both_ways(tmp_path):
    a, b = (weir.nn.Sequential(weir.nn.Linear(2, 4), weir.nn.ReLU()) for _ in range(2))
    values = {k: np.full(v.shape, i + 1.0) for i, (k, v) in enumerate(a.state_dict().items())}
    a.load_state_dict(values)
    assert np.array_equal(a[0].weight, values["0.weight"])
    a.save(tmp_path / "a.safetensors")
    b.load(tmp_path / "a.safetensors")
    x = weir.randn(3, 2)
    assert np.array_equal(a(x).detach(), b(x).detach())
    with pytest.raises(weir.errors.NameUnknown, match="0.bias"):
        a.load_state_dict({"0.weight": values["0.weight"]})
    with pytest.raises(weir.errors.ShapeError, match="0.weight"):
        a.load_state_dict({**values, "0.weight": np.ones(3)})
    a.load_state_dict({"0.weight": values["0.weight"]}, strict=False)


def test_modules_by_name_and_their_modes():
    class Net(weir.nn.ModuleDict):
        def __init__(self):
            super().__init__(a=weir.nn.Linear(2, 8), b=weir.nn.Dropout(0.5), c=weir.nn.Linear(8, 1))

        def forward(self, x):
            return self.c(self.b(self.a(x).relu()))

    net = Net()
    x = weir.ones(4, 2)
    assert net(x).shape == (4, 1) and net.training
    net.eval()
    assert np.array_equal(net(x).detach(), net(x).detach())
    net.requires_grad_(False)
    assert not net(x).requires_grad
    with pytest.raises(AttributeError):
        net.nothing
    with pytest.raises(weir.errors.StateError):
        weir.nn.Sequential(net.a)


class Cube(weir.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x ** 3 * y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return 3 * x ** 2 * y * g, x ** 3 * g


def test_ops_in_python():
    x = weir.tensor([1.0, 2.0], dtype="f64", requires_grad=True)
    y = weir.tensor([3.0, 4.0], dtype="f64", requires_grad=True)
    z = Cube.apply(x, y)
    assert z.detach().tolist() == [3, 32] and z.grad_fn == "op.Cube"
    z.sum().backward()
    assert x.grad.tolist() == [9, 48] and y.grad.tolist() == [1, 8]
    assert weir.autograd.gradcheck(Cube.apply, (x, y))
    (g,) = weir.autograd.grad(Cube.apply(x, y).sum(), x, create_graph=True)
    assert weir.autograd.grad(g.sum(), x)[0].tolist() == [18, 48]

    class Wrong(weir.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return np.asarray(x) * 2

        @staticmethod
        def backward(ctx, g):
            return g * 3 if g.item() else 1 / 0

    with pytest.raises(weir.errors.BadValue, match="gradcheck: input 0 at"):
        weir.autograd.gradcheck(Wrong.apply, weir.tensor(1.0))
    with pytest.raises(ZeroDivisionError):
        Wrong.apply(x[0]).backward(0.0)
    del z, g
    gc.collect()
    from weir import _custom

    weir.tensor(1.0) + 1
    assert not _custom._applied


def test_averages():
    net = weir.nn.Linear(1, 1, bias=False)
    value = lambda: next(iter(net.parameters())).item()  # noqa: E731
    optimizer = weir.optim.SGD(net.parameters(), lr=1.0)
    start, average = value(), weir.optim.EMA(net, half_life=30, batch=10, ramp=0.5)
    expected = start
    for n in range(1, 8):  # mu = 0.5^(10 / h), h = min(30, 0.5 10 (n - 1)): Karras et al. 2022
        optimizer.zero_grad()
        net(weir.ones(1, 1)).sum().backward()
        optimizer.step()
        average.update()
        h = min(30, 0.5 * 10 * (n - 1))
        mu = 0.5 ** (10 / h) if h else 0
        expected = mu * expected + (1 - mu) * value()
    average.swap()
    assert value() == pytest.approx(expected, abs=1e-5) and abs(value() - (start - 7)) > 0.1
    average.swap()
    assert value() == pytest.approx(start - 7, abs=1e-5)
    for wrong in ({}, {"decay": 0.9, "half_life": 3, "batch": 1}, {"half_life": 3}, {"decay": 0.9, "batch": 1}):
        with pytest.raises(weir.errors.ArgumentError, match="EMA"):
            weir.optim.EMA(net, **wrong)
    with pytest.raises(weir.errors.RangeError):
        weir.optim.EMA(net, half_life=-1, batch=1)


def test_a_model_s_density_has_gradients():
    m = weir.Model("nsf", dim=2, layers=2, net="mlp hidden=8", where=weir.Context(1))
    x = weir.tensor(np.random.default_rng(1).normal(size=(64, 2)).astype(np.float32), where=m)
    before = m.log_prob(x.numpy())
    optimizer = weir.optim.Adam(m, lr=1e-2)
    for _ in range(20):
        loss = -m.log_prob(x).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert m.log_prob(x.numpy()).mean() > before.mean() + 0.05
    x.requires_grad_()
    m.log_prob(x).sum().backward()
    assert np.asarray(x.grad) == pytest.approx(m.log_prob_grad(x.detach().numpy())[1], abs=1e-5)
    y, log_q = m.sample_log_prob_tensor(8)
    (log_q.mean() + y.square().sum()).backward()
    assert m.loss(x.detach()).shape == (64,)


def test_errors_say_what_and_where():
    a, b = weir.ones(3), weir.ones(4)
    with pytest.raises(weir.errors.ShapeError, match=r"add: \[3\] and \[4\]"):
        a + b
    with pytest.raises(weir.errors.DTypeError):
        a + weir.ones(3, dtype="f64")
    with pytest.raises(weir.errors.GraphError):
        weir.tensor([1.0], requires_grad=True).exp().numpy()
    with pytest.raises(weir.errors.ShapeError):
        a.item()
    with pytest.raises(weir.errors.RangeError):
        a[::-1]
    assert (a + 1).tolist() == [2, 2, 2]


def test_views_and_pictures_of_tensors():
    x = weir.arange(6, dtype="f32").reshape(2, 3)
    assert repr(x) == "tensor([[0, 1, 2],\n        [3, 4, 5]])"
    assert np.shares_memory(x.numpy(), x.T.numpy())
    assert "digraph" in (weir.tensor(1.0, requires_grad=True) * 2).dot_graph()
    assert [v.sum().item() for v in x] == [3, 12] and len(x) == 2
    assert x.to("bf16").to("f32").tolist() == x.tolist()


X = weir.ones(1, 2, 5, 5)


@pytest.mark.parametrize("call", [
    lambda x, ys: weir.grad(ys, [x], grad_outputs=[weir.ones(2)]),
    lambda x, ys: weir.grad(ys, [x], grad_outputs=[None] * 4),
    lambda x, ys: weir.grad([], [x]),
    lambda x, ys: F.roll(X, [1], [2, 3]),
    lambda x, ys: F.roll(X, [1, 1], [2]),
    lambda x, ys: F.pad(X, [1, 1, 1]),
    lambda x, ys: F.pad_reflect(X, [1]),
    lambda x, ys: F.pad_replicate(X, [1, 1, 1]),
    lambda x, ys: F.conv2d_weight(X, X, [3]),
])
def test_lists_that_are_too_short(call):
    """The library would read on behind them."""
    x = weir.ones(2, requires_grad=True)
    with pytest.raises(weir.errors.Error, match="expected"):
        call(x, [x * i for i in (1, 2, 3)])


def test_handles_are_not_copied():
    for one in (weir.nn.Linear(2, 3), weir.Dataset(np.ones((3, 2))), weir.ones(2)):
        with pytest.raises(TypeError):
            copy.copy(one)
