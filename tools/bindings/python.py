"""The Python side: cffi's declarations, `functional`, a module of specs for every kind of row,
classes of modules and optimizers, and the stub of the compiled module."""

import keyword
import re
import textwrap

WIDTH = 96
NOTE = "# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.\n"

# -- words ----------------------------------------------------------------------------------------


def word(name: str) -> str:
    """An option's or a parameter's name as one of Python."""
    name = name.replace(".", "_")
    return name + "_" if keyword.iskeyword(name) else name


def camel(name: str) -> str:
    special = {"relu": "ReLU", "gelu": "GELU", "elu": "ELU", "selu": "SELU", "silu": "SiLU",
               "leaky_relu": "LeakyReLU", "logsigmoid": "LogSigmoid", "sgd": "SGD",
               "adamw": "AdamW", "rmsprop": "RMSprop", "rms_norm": "RMSNorm"}
    if name in special:
        return special[name]
    return "".join(p[:1].upper() + p[1:] for p in name.split("_"))


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', "'''")


def filled(text: str, indent: str) -> str:
    return textwrap.fill(" ".join(text.split()), WIDTH, initial_indent=indent,
                         subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def docstring(text: str, indent: str) -> str:
    lines = escaped(text).strip().split("\n")
    body = "\n".join((indent + line).rstrip() for line in lines).strip()
    end = f"\n{indent}" if len(lines) > 1 or len(body) > WIDTH - 10 else ""
    end = " " + end if not end and body.endswith('"') else end
    return f'{indent}"""{body}{end}"""\n'


def signature(name: str, parameters: list[str], result: str, indent: str = "") -> str:
    """A def that fits the width."""
    line = f"{indent}def {name}({', '.join(parameters)}) -> {result}:\n"
    if len(line) <= WIDTH + 4:
        return line
    body = "".join(f"{indent}    {p},\n" for p in parameters)
    return f"{indent}def {name}(\n{body}{indent}) -> {result}:\n"


# -- declarations ---------------------------------------------------------------------------------
TAKES_FILE = re.compile(r"\bFILE\b")


def cdef(read) -> str:
    lines = ["/* Written by tools/bindings from the public headers: not to be edited. */"]
    for header in read:
        lines.append(f"\n/* weir/{header.name}.h */")
        for d in header.declarations:
            d = d.replace("WEIR_API", "").strip()
            if not TAKES_FILE.search(d):
                lines.append(d)
    return "\n".join(lines) + "\n"


def stub(read) -> str:
    out = [NOTE, "from typing import Any\n\n", "ffi: Any\n\n\n", "class lib:\n"]
    for header in read:
        for values in header.enums.values():
            out += [f"    {name}: int\n" for name, _ in values]
        for f in header.functions:
            if TAKES_FILE.search(f.text):
                continue
            names = ", ".join(f"{word(n)}: Any" for _, n in f.parameters)
            out.append("    @staticmethod\n")
            out.append(f"    def {f.name}({names}) -> {stub_type(f.result)}: ...\n")
    glue = ["weirpy_begin", "weirpy_end", "weirpy_end_with", "weirpy_dot", "free"]
    glue += ["weirpy_log", "weirpy_on_step", "weirpy_on_train", "weirpy_on_part", "weirpy_fill",
             "weirpy_fill_f64", "weirpy_infer", "weirpy_forward", "weirpy_backward",
             "weirpy_token"]
    return "".join(out + [f"    {name}: Any\n" for name in glue])


def stub_type(c: str) -> str:
    simple = {"void": "None", "bool": "bool", "double": "float", "float": "float"}
    if c in simple:
        return simple[c]
    return "int" if re.fullmatch(r"u?int\d*(_t)?|size_t|weir_status|weir_dtype", c) else "Any"


# -- functional -----------------------------------------------------------------------------------
OPS = ("ops", "image", "linear_algebra")  # the headers whose functions are ops
BY_HAND = {"weir_permute", "weir_split", "weir_chunk", "weir_roll", "weir_pad", "weir_pad_reflect",
           "weir_pad_replicate", "weir_rand", "weir_randn", "weir_conv2d_input",
           "weir_conv2d_weight", "weir_max_axis", "weir_min_axis", "weir_rq_spline"}
DEFAULTS = {"keep": "False", "correction": "1", "training": "True", "k": "0", "reduction": '"mean"',
            "eps": "1e-5", "right": "False", "unit": "False", "left": "True", "upper": "False",
            "padding_index": "-1", "delta": "1.0", "beta": "1.0", "slope": "0.01", "alpha": "1.0",
            "causal": "False", "mask": "None", "pos_weight": "None", "running_mean": "None",
            "running_var": "None", "momentum": "0.1", "p": "0.5"}
OF_FUNCTION = {"weir_scaled_dot_product_attention": {"scale": 'float("nan")'},
               "weir_conv_transpose2d": {"b": "None"}, "weir_linear": {"b": "None"}, "weir_linear_relu": {"b": "None"},
               "weir_linear_act": {"b": "None"}, "weir_conv2d": {"b": "None"},
               "weir_layer_norm": {"w": "None", "b": "None"}, "weir_rms_norm": {"w": "None"},
               "weir_group_norm": {"w": "None", "b": "None"},
               "weir_batch_norm": {"w": "None", "b": "None"}, "weir_pow_scalar": {"p": None},
               "weir_scaled_dot_product": {}, "weir_tril": {"k": "0"}, "weir_triu": {"k": "0"}}
NOT_DEFAULT = {"weir_scaled_dot_product_attention": {"k"}, "weir_maximum": set()}
RENAMED = {"from": "source"}
ENUMS = {"weir_reduction": ("reduction", "Reduction"), "weir_dtype": ("dtype", "DType"),
         "weir_act": ("f", "str")}
OPTIONS = re.compile(r"const (weir_(\w+)_opts) \*")


class Call:
    """One function of ops.h as Python: its parameters, and the arguments of the call."""

    def __init__(self, f):
        self.f = f
        self.tensors, self.parameters, self.arguments = [], [], []
        self.lines, self.outs = [], 0
        rest = list(f.parameters)
        while rest:
            self.take(rest)

    def default(self, name: str) -> str | None:
        of = OF_FUNCTION.get(self.f.name, {})
        if name in of:
            return of[name]
        return None if name in NOT_DEFAULT.get(self.f.name, ()) else DEFAULTS.get(name)

    def add(self, name: str, kind: str) -> str:
        default, said = self.default(name), word(RENAMED.get(name, name))
        self.parameters.append((said, kind, default))
        return said

    def take(self, rest: list) -> None:
        kind, name = rest.pop(0)
        follows = rest[0] if rest else ("", "")
        if kind == "weir_tensor *":
            said = self.add(name, "Operand")
            self.tensors.append(said)
            self.arguments.append(f"{said}._p")
        elif kind == "weir_tensor **":
            self.outs += 1
            self.arguments.append(f"out{self.outs}")
        elif kind == "int" and follows[0] in ("const int *", "const int64_t *"):
            said = self.add(rest.pop(0)[1], "Ints")
            c = "int[]" if follows[0] == "const int *" else "int64_t[]"
            self.lines.append(f'{said}_ = _ints("{c}", {said})')
            self.arguments += [f"len({said}_)", f"{said}_"]
        elif kind == "int" and follows[0] == "weir_tensor *const *":
            said = self.add(rest.pop(0)[1], "Sequence[Operand]")
            self.lines.append(f"{said} = _together(*{said})")
            self.lines.append(f"{said}_ = _pointers({said})")
            self.arguments += [f"len({said})", f"{said}_"]
            self.sequence = said
        elif kind in ("const int *", "const int64_t *"):  # of a fixed length; NULL: as the doc says
            said, c = word(name), kind.split()[1]
            self.parameters.append((said, "Optional[Ints]", "None"))
            self.lines.append(f'{said}_ = ffi.NULL if {said} is None else _ints("{c}[]", {said})')
            self.arguments.append(f"{said}_")
        elif OPTIONS.match(kind):
            c = OPTIONS.match(kind)[1]
            self.parameters.append(("**options", "Any", None))
            self.lines.append(f'o = _options("{c}", options)')
            self.arguments.append("o")
        elif kind in ENUMS:
            said = self.add(*ENUMS[kind])
            self.arguments.append(f'_enum("{kind}", {said})')
        else:
            python = {"double": "float", "bool": "bool"}.get(kind, "int")
            self.arguments.append(self.add(name, python))

    def text(self, doc: str) -> str:
        name = self.f.name.replace("weir_", "", 1)
        defaults_behind, shown = True, []
        in_order = sorted(self.parameters, key=lambda p: p[0].startswith("**"))
        for said, kind, default in reversed(in_order):
            if said.startswith("**"):
                shown.append(f"{said}: {kind}")
                continue
            defaults_behind = defaults_behind and default is not None
            optional = kind == "Operand" and default == "None" and defaults_behind
            kind = "Optional[Operand]" if optional else kind
            shown.append(f"{said}: {kind} = {default}" if defaults_behind else f"{said}: {kind}")
        result = "Tensor"
        if self.outs:
            n = self.outs + (self.f.result != "void")
            result = f"tuple[{', '.join(['Tensor'] * n)}]"
        out = signature(word(name), shown[::-1], result) + docstring(doc, "    ")
        if len(self.tensors) == 1:
            out += f"    {self.tensors[0]} = _tensor({self.tensors[0]})\n"
        elif self.tensors:
            names = ", ".join(self.tensors)
            out += f"    {names} = _together({names})\n"
        out += "".join(f"    {line}\n" for line in self.lines)
        at = self.tensors[0] if self.tensors else f"{self.sequence}[0]"
        call = ", ".join([f"lib.{self.f.name}", *self.arguments])
        if not self.outs:
            return out + wrapped(f"    return _op({at}._c, {call})\n")
        outs = "".join(f'    out{i + 1} = ffi.new("weir_tensor **")\n' for i in range(self.outs))
        gives = self.f.result != "void"
        names = ", ".join(f"out{i + 1}" for i in range(self.outs))
        return out + outs + wrapped(f"    return _op_multi({at}._c, {gives}, ({names},), {call})\n")


def wrapped(line: str) -> str:
    if len(line) <= WIDTH + 4:
        return line
    head, _, rest = line.strip().partition("(")
    body = textwrap.fill(rest[:-1], WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)
    return f"    {head}(\n{body}\n    )\n"


def functional(read, listed) -> str:
    rows = {r["name"]: r["doc"] for r in listed}
    functions = [f for h in read if h.name in OPS for f in h.functions]
    out = [NOTE, '"""What can be done with tensors: weir/ops.h and its like, function by function.\n\n'
           'Operands are tensors, or what becomes one: numbers, arrays. Inputs broadcast as in\n'
           'NumPy. Differentiable to any order unless a line says otherwise.\n"""\n\n',
           "from __future__ import annotations\n\n",
           "from typing import Any, Optional, Sequence\n\n",
           "from ._ops import (\n    DType, Ints, Operand, Reduction, Tensor, _enum, _ints, _op, "
           "_op_multi, _options,\n    _pointers, _tensor, _together, ffi, lib,\n)\n",
           "from ._by_hand import (  # noqa: F401\n    chunk, conv2d_input, conv2d_weight, max_axis, "
           "min_axis, pad, pad_reflect,\n    pad_replicate, permute, roll, rq_spline, split,\n)\n"]
    for f in functions:
        if f.name in BY_HAND or f.inline or f.name.endswith("_sized"):
            continue
        doc = f.doc or rows.get("op." + f.name.replace("weir_", "", 1), "")
        out.append("\n\n" + Call(f).text(doc or f.text.split("(")[0].split("weir_")[1]))
    return "".join(out)


# -- rows -----------------------------------------------------------------------------------------
KINDS = {"model": "models", "network": "networks", "sampler": "samplers", "base": "bases",
         "bijection": "bijections", "path": "paths", "prediction": "predictions",
         "time_density": "time_densities", "time_grid": "time_grids",
         "loss_weight": "loss_weights", "coupling": "couplings", "schedule": "schedules",
         "optimizer": "optimizers", "metric": "metrics", "dequantizer": "dequantizers"}
TYPES = {"int": "int", "real": "float", "bool": "bool", "choice": "str", "text": "str",
         "ints": "Sequence[int]", "reals": "Sequence[float]", "words": "Sequence[str]",
         "row": "str", "rows": "Sequence[str]"}


def option_type(o: dict) -> str:
    words = " or " in o["range"] and o["type"] == "int"
    return f"Union[{TYPES[o['type']]}, str]" if words else TYPES[o["type"]]


def option_lines(row: dict) -> str:
    if not row["options"]:
        return ""
    lines = ["", "Parameters", "----------"]
    for o in row["options"]:
        default = f", {o['default']} unless said" if o["default"] else ""
        lines.append(f"{word(o['name'])} : {o['type']}{default}")
        said = " ".join((o["doc"] + f". {o['range']}").split())
        lines.append(filled(said, "    "))
    return "\n".join(lines)


def row_function(row: dict) -> str:
    name = row["name"].split(".", 1)[1]
    options = row["options"]
    parameters = [f"{word(o['name'])}: Optional[{option_type(o)}] = None" for o in options]
    if parameters:
        parameters.insert(0, "*")
    pairs = ", ".join(f'"{o["name"]}": {word(o["name"])}' for o in options)
    call = f'    return spec("{name}", {{{pairs}}})\n'
    if len(call) > WIDTH:
        body = textwrap.fill(pairs, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)
        call = f'    return spec("{name}", {{\n{body}\n    }})\n'
    doc = row["doc"] + "\n" + option_lines(row)
    return signature(word(name.replace("-", "_")), parameters, "Spec") \
        + docstring(doc, "    ") + call


def kind_module(kind: str, listed: list[dict]) -> str:
    rows = [r for r in listed if r["kind"] == kind]
    head = (NOTE + f'"""The rows of kind "{kind}" as functions: each gives the text that says it '
            'and its options.\n\nWhat is not said is as the library, or a preset, has it.\n"""\n\n'
            "from __future__ import annotations\n\n"
            "from typing import Optional, Sequence, Union  # noqa: F401\n\n"
            "from ._spec import Spec, spec\n")
    return head + "".join("\n\n" + row_function(r) for r in rows)


# -- modules and optimizers -----------------------------------------------------------------------
CONTAINERS = {"sequential", "module_list", "group"}


def row_class(row: dict, base: str, first: str, positional: bool) -> str:
    name = row["name"].split(".", 1)[1]
    options = row["options"]
    parameters = ["self"] + ([first] if first else [])
    if options and not positional:
        parameters.append("*")
    parameters += [f"{word(o['name'])}: Optional[{option_type(o)}] = None" for o in options]
    if not first and options:
        parameters.append("*")
    if not first:
        parameters.append("where: Any = None")
    pairs = ", ".join(f'"{o["name"]}": {word(o["name"])}' for o in options)
    body = textwrap.fill(pairs, WIDTH, initial_indent=" " * 12, subsequent_indent=" " * 12)
    given = f"{{\n{body}\n        }}" if pairs else "{}"
    behind = "parameters" if first else "where"
    head = f'class {camel(name)}({base}):\n' + docstring(row["doc"] + "\n" + option_lines(row), "    ")
    if len(parameters) == 1:
        return head
    return head + "\n" + signature("__init__", parameters, "None", "    ") \
        + f'        super().__init__("{name}", {given}, {behind})\n'


def classes(listed, kinds, base, source, first, positional, about) -> str:
    rows = [r for r in listed if r["kind"] in kinds
            and r["name"].split(".", 1)[1] not in CONTAINERS]
    seen, out = set(), [NOTE + f'"""{about}"""\n\nfrom __future__ import annotations\n\n'
                        "from typing import Any, Optional, Sequence, Union  # noqa: F401\n\n"
                        f"from {source} import {base}\n"]
    for r in rows:
        name = camel(r["name"].split(".", 1)[1])
        if name not in seen:
            out.append("\n\n" + row_class(r, base, first, positional))
        seen.add(name)
    return "".join(out)


def files(read, listed) -> dict[str, str]:
    """Each file that is written, by its path in the tree."""
    out = {"_weir.cdef": cdef(read), "_weir.pyi": stub(read),
           "functional.py": functional(read, listed)}
    for kind, name in KINDS.items():
        out[f"{name}.py"] = kind_module(kind, listed)
    out["_layers.py"] = classes(listed, ("module",), "Layer", "._module", "", True,
                                "Layers: the rows of kind \"module\".")
    out["_optimizers.py"] = classes(listed, ("optimizer",), "Optimizer", "._optimizer",
                                    "parameters: Any", False, "Optimizers: their rows.")
    return {f"python/weir/{name}": text for name, text in out.items()}
