"""Pictures for notebooks."""

from __future__ import annotations

import os
import tempfile
from typing import Any, Optional

from ._core import NULL, utf8
from ._weir import ffi, lib


def samples_png(model: Any, n: int = 100) -> Optional[bytes]:
    """Samples of a model as a PNG: images in a grid, points of two values as a scatter; else None."""
    image = lib.weir_model_image_shape(model._p, NULL, NULL, NULL)
    if not image and model.dim != 2 or model.classes or model.context_dim:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "samples.png")
        o = ffi.new("weir_sample_opts *")
        o[0] = lib.weir_sample_defaults()
        o.first = 0
        with model._c.lock:
            if lib.weir_model_sample_to_file(model._p, n if image else 10 * n, o, utf8(file), NULL):
                model._c.fail()
                return None
        with open(file, "rb") as f:
            return f.read()


def curves_html(run: Any) -> str:
    """Held-out log-density and loss over steps, as an SVG."""
    lines = [m for m in run.history if "step" in m]
    paths = ""
    for key, colour in (("loss", "#999"), ("valid", "#07c")):
        points = [(m["step"], m[key]) for m in lines if isinstance(m.get(key), (int, float))]
        if len(points) > 1:
            paths += curve(points, key, colour)
    return f"<div>{escape(repr(run))}<br><svg width=480 height=200 viewBox='0 0 480 200'>{paths}</svg></div>"


def curve(points: list, key: str, colour: str) -> str:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    width, height = max(xs[-1] - xs[0], 1), (max(ys) - min(ys)) or 1
    at = " ".join(f"{10 + 460 * (x - xs[0]) / width:.1f},{190 - 170 * (y - min(ys)) / height:.1f}"
                  for x, y in points)
    label = f"<text x=10 y={12 if key == 'valid' else 26} fill='{colour}' font-size=12>{key} {ys[-1]:.4g}</text>"
    return f"<polyline fill=none stroke='{colour}' points='{at}'/>{label}"


def escape(s: str) -> str:
    return s.replace("&", "&amp;").replace("<", "&lt;")
