"""Arrays in: any strides, types, read-only ones, those of others; the same bits, without copies."""

import array
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import weir
from weir import _arrays


@pytest.fixture(scope="module")
def flow():
    return weir.Model("nice", dim=3, hidden=[8], couplings=2, where=weir.Context(2))


floats = st.floats(-5, 5, width=16)


@settings(max_examples=40, deadline=None)
@given(x=hnp.arrays(st.sampled_from([np.float32, np.float64, np.float16, ">f8", ">f4"]),
                    st.tuples(st.integers(0, 9), st.just(3)), elements=floats),
       how=st.sampled_from(["dense", "reversed", "fortran", "stepped", "read-only"]))
def test_any_layout_gives_the_same_bits(flow, x, how):
    dense = np.ascontiguousarray(x, np.float32)
    if how == "reversed":
        x = x[:, ::-1].copy()[:, ::-1]
    elif how == "fortran":
        x = np.asfortranarray(x)
    elif how == "stepped":
        x = np.repeat(x, 2, axis=0)[::2]
    elif how == "read-only":
        x = x.copy()
        x.flags.writeable = False
    assert np.array_equal(flow.log_prob(x), flow.log_prob(dense))
    assert np.array_equal(flow.encode(x).astype(np.float32), flow.encode(dense))


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(st.sampled_from([np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_]),
                  hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
def test_tensors_there_and_back(x):
    t = weir.tensor(x)
    assert t.shape == x.shape and t.dtype == x.dtype
    assert np.array_equal(np.asarray(t), x, equal_nan=x.dtype.kind == "f")
    if x.size:
        assert np.array_equal(np.from_dlpack(t), x, equal_nan=x.dtype.kind == "f")


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), elements=floats),
       st.data())
def test_indexing_is_numpy_s(x, data):
    index = data.draw(hnp.basic_indices(x.shape).filter(positive))
    assert np.array_equal(np.asarray(weir.tensor(x)[index]), x[index])


def positive(index):
    parts = index if isinstance(index, tuple) else (index,)
    return all(not isinstance(p, slice) or p.step is None or p.step > 0 for p in parts)


@settings(max_examples=30, deadline=None)
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
def test_broadcasting_is_numpy_s(shapes):
    a, b = (np.random.default_rng(1).normal(size=s) for s in shapes.input_shapes)
    assert np.array_equal(np.asarray(weir.tensor(a) * weir.tensor(b)), a * b)
    assert np.array_equal(np.asarray(weir.tensor(a) - b), a - b)


def test_what_others_hand_over(flow):
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    want = flow.log_prob(x)

    class Arrayish:
        def __array__(self, dtype=None, copy=None):
            return x

    class Packed:
        def __dlpack__(self, **said):
            return x.__dlpack__(**said)

        def __dlpack_device__(self):
            return x.__dlpack_device__()

    for given_ in (Arrayish(), Packed(), memoryview(x), x.tolist(), x.astype(int), x.astype(np.float16)):
        assert np.array_equal(flow.log_prob(given_), want)
    line = weir.Model("nice", dim=2, hidden=[4])
    assert line.log_prob(array.array("d", [1.0, 2.0, 3.0, 4.0]).tolist() and [[1.0, 2.0]]).shape == (1,)


@pytest.mark.parametrize("name", ["torch", "jax.numpy", "pyarrow", "pandas"])
def test_real_others(flow, name):
    other = pytest.importorskip(name)
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    if name == "pandas":
        frame = other.DataFrame(x, columns=list("abc"))
        assert weir.Dataset(frame).columns == ["a", "b", "c"]
        assert np.array_equal(flow.log_prob(frame), flow.log_prob(x))
    elif name == "pyarrow":
        assert np.array_equal(flow.log_prob(other.table({c: x[:, i] for i, c in enumerate("abc")})), flow.log_prob(x))
    else:
        theirs = (other.from_numpy if name == "torch" else other.asarray)(x)
        assert np.array_equal(flow.log_prob(theirs), flow.log_prob(x))
        assert np.array_equal(np.asarray(weir.tensor(theirs)), x)
    if name == "torch":
        assert np.array_equal(other.as_tensor(np.array(flow.sample(2, seed=1))).numpy(), flow.sample(2, seed=1))
        assert np.array_equal(other.from_dlpack(weir.tensor(x)).numpy(), x)


def test_no_copy_is_made(flow):
    x = np.zeros((50000, 3), np.float32)
    x.flags.writeable = False
    flow.log_prob(x)
    assert _arrays.real(x) is x
    tracemalloc.start()
    flow.log_prob(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 50000 + 20000  # the result, of 8 bytes each
    t = weir.tensor(x[:3])
    assert np.shares_memory(np.asarray(t), np.asarray(t)) and not np.asarray(t).flags.writeable


def test_data_sets():
    x = np.random.default_rng(1).normal(size=(30, 2))
    d = weir.Dataset(x, weights=np.ones(30), labels=np.arange(30) % 3, columns=["a", "b"])
    assert len(d) == 30 and d.dim == 2 and d.columns == ["a", "b"] and d.classes == 3
    assert np.array_equal(d.numpy(), x)
    assert len(d.split("train")) + len(d.split("valid")) == 30
    assert weir.Dataset("toy:gaussian,n=5").true_log_prob().shape == (5,)
    assert d.true_log_prob() is None
    with pytest.raises(weir.errors.ShapeError):
        weir.Dataset(x, weights=np.ones(3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_unpickled_array_is_read_as_it_is(flow, dtype):
    """Its type equals NumPy's own but is another object, as in what comes from another process."""
    x = np.random.default_rng(1).normal(size=(7, 3)).astype(dtype)
    there = pickle.loads(pickle.dumps(x))
    assert there.dtype is not x.dtype and np.shares_memory(_arrays.real(there), there)
    assert np.array_equal(flow.log_prob(there), flow.log_prob(x))
    other_order = x.astype(x.dtype.newbyteorder())
    assert np.array_equal(flow.log_prob(other_order), flow.log_prob(x))
    assert np.array_equal(flow.sample(noise=there), flow.sample(noise=x))
    assert all(np.array_equal(a, b) for a, b in zip(flow.log_prob_grad(there), flow.log_prob_grad(x)))


def test_one_of_each_sample():
    x = np.zeros((5, 2))
    for said in ({"weights": np.ones((5, 2))}, {"labels": np.ones((5, 2), int)}):
        with pytest.raises(weir.errors.ShapeError, match=r"expected \[5\]"):
            weir.Dataset(x, **said)


@pytest.mark.parametrize("index", [np.ones((2, 3), bool), np.array([True, False]), ([0, 1], [0, 1]), True,
                                   np.array([0.7, 1.2]), np.zeros((2, 2), int), [-11], [10], (0, 0, [0])],
                         ids=str)
def test_what_is_no_index(index):
    with pytest.raises(weir.errors.Error, match="expected"):
        weir.tensor(np.arange(30.0).reshape(10, 3))[index]
