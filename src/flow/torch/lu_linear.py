class LuLinear(Module):
    """y = L U x + b: L with ones, U with softplus(d) + 0.001 on its diagonal; entries beside them
    row after row."""

    def factors(self):
        n = len(self.bias)
        diagonal = softplus(self.unconstrained_upper_diag) + 1e-3
        at_lower, at_upper = torch.tril_indices(n, n, -1), torch.triu_indices(n, n, 1)
        lower = torch.eye(n).to(diagonal).index_put(tuple(at_lower), self.lower_entries)
        upper = torch.diag(diagonal).index_put(tuple(at_upper), self.upper_entries)
        return lower, upper, diagonal.log().sum()

    def forward(self, x, k):
        lower, upper, log_det = self.factors()
        return x @ upper.T @ lower.T + self.bias, log_det.expand(len(x))

    def inverse(self, y, k):
        lower, upper, log_det = self.factors()
        x = torch.linalg.solve_triangular(lower, (y - self.bias).T, upper=False, unitriangular=True)
        x = torch.linalg.solve_triangular(upper, x, upper=True)
        return x.T, -log_det.expand(len(y))
