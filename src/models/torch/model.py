class Model(Module):
    """Data are as they are stored; log-densities in nats.

    A model with classes takes them as integers [n], one with a context takes [n, ..] of it as it
    is stored, one for all where n is 1."""

    dim, shape, levels, dtype, flat = 0, (), 0, torch.float32, False
    null = False  # trained without its condition too

    def given(self, n, classes, context):
        """The condition of n samples as layers see it."""
        k, none = {}, self.null and classes is None and context is None
        if self.classes:
            if none:
                classes = self.classes
            elif classes is None:
                raise ValueError(f"expected classes, each below {self.classes}")
            k["class"] = self.each(torch.as_tensor(classes).long().reshape(-1), n)
        if self.context:
            if none:
                k["context"] = self.condition.null.expand(n, -1)
            elif context is None:
                raise ValueError(f"expected a context of {self.context} values")
            else:
                t = torch.as_tensor(context).reshape(-1, self.context)
                if self.data.own("context_mean") is not None:
                    t = (t.double() - self.data.context_mean) / self.data.context_std
                k["context"] = self.each(t.to(self.dtype), n)
            if self.own("embed") is not None:
                k["context"] = self.embed(k["context"], {})
        return k

    def each(self, t, n):
        return t.repeat_interleave(n // len(t), 0)

    def transform(self, x, k, u=None):
        """y of data as stored, and log|det dy/dx| - log q(u); u is what is added to integers."""
        y, log_det = torch.as_tensor(x).reshape(-1, *self.shape), 0
        standard = self.data.own("mean") is not None
        if self.levels:
            v, log_q = y.to(self.dtype), 0
            if u is None:
                u, log_q = self.dequantizer(v, k)
            end = self.levels if standard else 1
            y = (v + u) * (1 if standard else 1 / self.levels)
            most = torch.nextafter(torch.tensor(end, dtype=y.dtype), torch.zeros((), dtype=y.dtype))
            y = torch.where(v < self.levels, torch.minimum(y, most), y)
            log_det = -log_q - (0 if standard else self.dim * math.log(self.levels))
        if standard:
            y = (y.double() - self.data.mean) / self.data.std
            log_det = log_det - self.data.std.log().sum()
        return y.to(self.dtype), log_det

    def untransform(self, y):
        x = y.reshape(-1, *self.shape).double()
        if self.data.own("mean") is not None:
            x = x * self.data.std + self.data.mean
        elif self.levels:
            x = x * self.levels
        return x.floor().clamp(0, self.levels - 1) if self.levels else x

    def log_prob(self, x, classes=None, context=None, u=None):
        """[n], of data [n, ..]; of integers a draw of u in [0, 1) is added, or the one given."""
        k = self.given(len(x), classes, context)
        y, log_det = self.transform(x, k, u)
        z, log_det_flow = self.flow(y.flatten(1) if self.flat else y, k)
        return self.base.log_prob(z, k) + log_det_flow + log_det

    def encode(self, x, classes=None, context=None, u=None):
        """The noise [n, dim] of data."""
        k = self.given(len(x), classes, context)
        y, _ = self.transform(x, k, u)
        return self.flow(y.flatten(1) if self.flat else y, k)[0]

    def decode(self, z, classes=None, context=None):
        """The data [n, ..] of noise, in double."""
        k = self.given(len(z), classes, context)
        return self.untransform(self.flow.inverse(z.to(self.dtype), k)[0])

    def sample(self, n, classes=None, context=None, temperature=1.0):
        with torch.no_grad():
            z = self.base.draw(n, self.given(n, classes, context), temperature, self.dtype)
            return self.decode(z, classes, context)


def load(path=None):
    """The model with the weights that stand beside this file, or those of another."""
    m = build()
    here = os.path.dirname(os.path.abspath(__file__))
    for name, t in read_safetensors(path or os.path.join(here, "model.safetensors")).items():
        layer, _, own = name.rpartition(".")
        m.get_submodule(layer).fill(own, t)
    return m.eval()
