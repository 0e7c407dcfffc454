class Logit(Elementwise):
    """logit(alpha + (1 - 2 alpha) x)."""

    def there(self, x):
        y, log_slope = stretch(self.alpha + (1 - 2 * self.alpha) * x)
        return y, log_slope + math.log1p(-2 * self.alpha)

    def back(self, y):
        x, log_slope = squash(y)
        return (x - self.alpha) / (1 - 2 * self.alpha), log_slope - math.log1p(-2 * self.alpha)
