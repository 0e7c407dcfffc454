"""A density estimator by scikit-learn's rules. Needs scikit-learn."""

from __future__ import annotations

from typing import Any, Mapping, Optional

import numpy as np

try:
    from sklearn.base import BaseEstimator, DensityMixin  # type: ignore[import-untyped]
    from sklearn.utils import check_random_state  # type: ignore[import-untyped]
    from sklearn.utils.validation import check_is_fitted, validate_data  # type: ignore[import-untyped]
except ImportError as e:
    raise ImportError("weir.sklearn: expected scikit-learn 1.6 or later: pip install scikit-learn") from e

from . import errors
from ._model import Model
from ._run import train


class FlowDensity(DensityMixin, BaseEstimator):
    """A normalizing flow (or another model of weir) as a density estimator.

    >>> import numpy as np
    >>> from weir.sklearn import FlowDensity
    >>> x = np.random.default_rng(1).normal(size=(200, 2))
    >>> FlowDensity(steps=100, random_state=1).fit(x).score_samples(x[:3]).shape
    (3,)

    Parameters
    ----------
    model : str
        A row of `weir.list("model")` with a log-density: "nsf", "nice", "maf", weir.models.nsf(..).
    steps : int
        Of training; None: by the number of samples, as the model's preset has it.
    batch, lr : int, float
        Samples a step, and the learning rate; None: the preset's.
    options : dict
        Further settings, as `weir train --set` takes them: {"layers": 4}.
    random_state : int, RandomState or None
        Of weights, batches and `sample`.
    threads : int
        0: all processors. No number changes a bit.

    Attributes
    ----------
    model_ : weir.Model
        Trained; the best on a sixth of the samples that is held out.
    n_features_in_ : int
    """

    def __init__(self, model: str = "nsf", *, steps: Optional[int] = None, batch: Optional[int] = None,
                 lr: Optional[float] = None, options: Optional[Mapping[str, Any]] = None,
                 random_state: Any = None, threads: int = 0):
        self.model = model
        self.steps = steps
        self.batch = batch
        self.lr = lr
        self.options = options
        self.random_state = random_state
        self.threads = threads

    def fit(self, X: Any, y: Any = None, *, weights: Any = None) -> "FlowDensity":
        """Trains on samples X [n, features]; y is not looked at."""
        X = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        seed = int(check_random_state(self.random_state).randint(1, 2**31 - 1))
        try:
            run = self._trained(X, seed, weights)
        except errors.RangeError as e:
            if X.shape[1] > 1:
                raise
            raise errors.RangeError(f"{e} (n_features = 1: model=\"maf\" takes one)") from None
        self.model_ = Model.load(run.folder, seed=seed, threads=self.threads)
        self.n_steps_ = run.step
        return self

    def _trained(self, X: np.ndarray, seed: int, weights: Any) -> Any:
        return train(self.model, X, steps=self.steps or 0, batch=self.batch or 0, lr=self.lr, seed=seed,
                    threads=self.threads, weights=weights, progress=False, settings=self.options)

    def score_samples(self, X: Any) -> np.ndarray:
        """log p of each sample, in nats."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return self.model_.log_prob(X)

    def score(self, X: Any, y: Any = None) -> float:
        """Mean log p of the samples, in nats."""
        return float(np.mean(self.score_samples(X)))

    def sample(self, n_samples: int = 1, random_state: Any = None) -> np.ndarray:
        """Samples [n_samples, features]; others at each call unless a state is given."""
        check_is_fitted(self)
        if random_state is None:
            return self.model_.sample(n_samples)
        seed = int(check_random_state(random_state).randint(0, 2**31 - 1))
        return self.model_.sample(n_samples, seed=seed)
