class FlowSigmoid(Elementwise):
    """y = 1 / (1 + exp(-x))."""

    def there(self, x):
        return squash(x)

    def back(self, y):
        return stretch(y)
