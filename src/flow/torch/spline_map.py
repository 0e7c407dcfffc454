class SplineMap:
    """A monotone rational-quadratic spline of every element, whose bins are the parameters (Durkan
    et al. 2019): on [-B, B] and the identity beyond, on [0, B], or of angles with period 2 B."""

    blocks = False

    def interval(self):
        high = self.bound or {"line": 3.0, "cube": 1.0, "circle": math.pi}[self.domain]
        return (0.0 if self.domain == "cube" else -high), high

    def see(self, kept):
        if self.domain != "circle":
            return kept
        low, high = self.interval()
        angle = kept * (2 * math.pi / (high - low))
        return torch.cat([angle.cos(), angle.sin()], 1)

    def soft(self, h, part):
        """With form=bounded: h below part of -log(min_slope)."""
        return h / (1 - h.abs() / (part * math.log(self.min_slope)))

    def knots(self, h, least):
        """[.., bins + 1], from low to high."""
        low, high = self.interval()
        if self.form == "bounded":
            h, least = self.soft(h, 0.5), 0
        sizes = least + (1 - self.bins * least) * torch.softmax(h, -1)
        inner = low + (high - low) * sizes[..., :-1].cumsum(-1)
        end = torch.ones_like(h[..., :1])
        return torch.cat([low * end, inner, high * end], -1)

    def slopes(self, h):
        """[.., bins + 1], at the knots; 0 of a parameter is slope 1."""
        if self.domain == "line":
            h = nn.functional.pad(h, (1, 1))
        if self.domain == "circle":
            h = torch.cat([h, h[..., :1]], -1)
        if self.form == "bounded":
            return self.soft(h, 1).exp()
        return self.min_slope + softplus(h + math.log(math.expm1(1 - self.min_slope)))

    def map(self, x, h, inverse):
        low, high = self.interval()
        turns = torch.zeros_like(x)
        if self.domain == "circle":
            turns = (high - low) * torch.floor((x.detach() - low) / (high - low))
        v = (x - turns).clamp(low, high)
        xs = self.knots(h[..., : self.bins], self.min_width)
        ys = self.knots(h[..., self.bins : 2 * self.bins], self.min_height)
        d = self.slopes(h[..., 2 * self.bins :])
        inner = (ys if inverse else xs)[..., 1:-1]
        k = (v.unsqueeze(-1) >= inner).sum(-1, keepdim=True)
        x0, x1, y0, y1, d0, d1 = [t.gather(-1, i).squeeze(-1)
                                  for t in (xs, ys, d) for i in (k, k + 1)]
        w, s = x1 - x0, (y1 - y0) / (x1 - x0)
        bend = d0 + d1 - 2 * s
        if inverse:  # the root of a quadratic of the place within the bin
            place = (v - y0) / (y1 - y0)
            b = d0 - place * bend
            root = (b * b + 4 * (s - b) * s * place).clamp(min=0).sqrt()
            falls = b < 0
            near = 2 * s * place / torch.where(falls, 1, b + root)
            xi = torch.where(falls, (root - b) / torch.where(falls, 2 * (s - b), 1), near)
        else:
            xi = (v - x0) / w
        q, bottom = xi * (1 - xi), s + bend * xi * (1 - xi)
        slope = (d1 * xi**2 + 2 * s * q + d0 * (1 - xi) ** 2) * (s / bottom) ** 2
        y = x0 + w * xi if inverse else y0 + (y1 - y0) * (s * xi**2 + d0 * q) / bottom
        log_slope = -slope.log() if inverse else slope.log()
        if self.domain == "circle":
            return y + turns, log_slope
        inside = (x >= low) & (x <= high)
        return torch.where(inside, y, x), torch.where(inside, log_slope, 0)
