"""include/weir.f90: what is written by hand of it, weir.f90.in, with the C functions and structs of the
public headers filled in."""

import re
from pathlib import Path

from headers import split_parameters

HANDLES = {"weir_ctx": "weir_context", "weir_model": "weir_model", "weir_optim": "weir_optim",
           "weir_ema": "weir_ema", "weir_dataset": "weir_dataset", "weir_loader": "weir_loader",
           "weir_run": "weir_run", "weir_module": "weir_module"}
HEADERS = ("context", "group", "data", "model", "optim", "train")
BY_HAND = {"weir_open", "weir_open_with", "weir_close", "weir_ok", "weir_status_of", "weir_message",
           "weir_run_train", "weir_train_step", "weir_model_is_nil", "weir_worker_open", "weir_fail_text"}
STRUCTS = ("weir_group", "weir_open_opts", "weir_memory_info", "weir_sample_opts", "weir_log_prob_opts",
           "weir_step_opts", "weir_step_info", "weir_train_opts", "weir_data_log_prob_info")
SCALARS = {"int64_t": "integer(c_int64_t)", "uint64_t": "integer(c_int64_t)", "int": "integer(c_int)",
           "int32_t": "integer(c_int32_t)", "uint32_t": "integer(c_int32_t)", "bool": "logical(c_bool)",
           "double": "real(c_double)", "float": "real(c_float)", "size_t": "integer(c_size_t)",
           "weir_status": "integer(c_int)", "char": "character(kind=c_char)"}
PUBLIC_STRUCTS = ("weir_memory_info",)
RESERVED = {"where": "place", "data": "memory", "real": "x", "logical": "yes"}


class Source:
    """The headers, by name."""

    def __init__(self, read):
        self.functions = {f.name: f for h in read for f in h.functions if not f.inline}
        self.of_headers = [f for h in read if h.name in HEADERS for f in h.functions if not f.inline]
        self.enums = {n: dict(v) for h in read for n, v in h.enums.items()}
        self.constants = {k: v for values in self.enums.values() for k, v in values.items()}
        self.structs = {}
        for h in read:
            for d in h.declarations:
                m = re.match(r"typedef struct (\w+) \{(.*)\} \w+;$", d)
                if m:
                    self.structs[m[1]] = m[2]

    def scalar(self, c: str) -> str | None:
        return SCALARS.get(c) or ("integer(c_int)" if c in self.enums or c in ("weir_isa",) else None)


def wrapped(text: str, indent: str, width: int = 118) -> str:
    """A statement over several lines where it is long."""
    if len(indent + text) <= width:
        return indent + text + "\n"
    lines, line = [], indent
    for part in re.split(r"(?<=,) ", text):
        if len(line) + len(part) + 3 > width:
            lines.append(line.rstrip() + " &")
            line = indent + "    "
        line += part + " "
    return "\n".join(lines + [line.rstrip()]) + "\n"


def argument(name: str) -> str:
    return RESERVED.get(name, name)


# -- structs --------------------------------------------------------------------------------------
def fields(source: Source, body: str):
    """(Fortran type, name, initial) of each field."""
    for part in body.split(";"):
        part = " ".join(part.split())
        if not part:
            continue
        pointer = re.match(r".*\(\*(\w+)\)\s*\(", part)
        if pointer:
            yield "type(c_funptr)", pointer[1], "c_null_funptr"
            continue
        head, *more = split_parameters(part)
        m = re.match(r"(?:const )?(?:struct )?(\w+)((?: const)?[ *]*)(\w+)(\[\w+\])?$", head)
        for text in [m[2] + m[3] + (m[4] or ""), *more]:
            stars, name, extent = re.match(r"([^\w]*)(\w+)(?:\[(\w+)\])?$", text).groups()
            if "*" in stars:
                yield "type(c_ptr)", name, "c_null_ptr"
                continue
            if m[1].endswith("_fn"):  # a pointer to a function by its type's name
                yield "type(c_funptr)", name, "c_null_funptr"
                continue
            kind = source.scalar(m[1])
            if not kind:
                raise ValueError(f"{part}: a field that Fortran has no type for")
            n = extent and (extent if extent.isdigit() else str(source.constants[extent]))
            yield kind, f"{name}({n})" if n else name, None


def struct(source: Source, name: str) -> str:
    access = ", public" if name in PUBLIC_STRUCTS else ""
    out = f"    type, bind(c) :: {name}\n".replace(", public", access)
    first = True
    for kind, field, initial in fields(source, source.structs[name]):
        value = " = 0" if first and field == "size" else f" = {initial}" if initial else ""
        out += f"        {kind} :: {field}{value}\n"
        first = False
    return out + "    end type\n"


# -- interfaces -----------------------------------------------------------------------------------
def short(name: str) -> str:
    return "c_" + name.removeprefix("weir_")


def c_parameter(source: Source, kind: str, name: str):
    """(declaration, what is imported) of a C function's parameter."""
    plain = kind.replace("const ", "").strip()
    scalar = source.scalar(plain)
    if scalar:
        return f"{scalar}, value :: {name}", scalar
    if kind == "const char *":
        return f"character(kind=c_char), intent(in) :: {name}(*)", "character(kind=c_char)"
    if kind == "const int64_t *" and name == "shape":
        return f"integer(c_int64_t), intent(in) :: {name}(*)", "integer(c_int64_t)"
    if "(*)" in kind:
        return f"type(c_funptr), value :: {name}", "c_funptr"
    if plain == "weir_scope":
        return f"type(scope_mark), value :: {name}", "scope_mark"
    return f"type(c_ptr), value :: {name}", "c_ptr"


def c_result(source: Source, kind: str) -> str | None:
    if kind == "void":
        return None
    if kind == "weir_scope":
        return "type(scope_mark)"
    return source.scalar(kind.replace("const ", "").strip()) or "type(c_ptr)"


def imported(used: list[str]) -> str:
    names = set()
    for u in used:
        names |= set(re.findall(r"c_\w+|scope_mark", u))
    return ", ".join(sorted(names))


def interface(source: Source, name: str) -> str:
    f = source.functions[name]
    names = [argument(n) for _, n in f.parameters]
    declared = [c_parameter(source, k, argument(n)) for k, n in f.parameters]
    result = c_result(source, f.result)
    used = [u for _, u in declared] + ([result] if result else [])
    word = "function" if result else "subroutine"
    tail = " result(result_)" if result else ""
    out = wrapped(f"{word} {short(name)}({', '.join(names)}) bind(c, name='{name}'){tail}", " " * 8)
    if imported(used):
        out += wrapped(f"import :: {imported(used)}", " " * 12)
    out += "".join(f"            {d}\n" for d, _ in declared)
    if result:
        out += f"            {result} :: result_\n"
    return out + f"        end {word}\n"


# -- wrappers -------------------------------------------------------------------------------------
def handle_of(kind: str) -> str | None:
    m = re.match(r"(?:const )?(weir_\w+) \*$", kind)
    return HANDLES.get(m[1]) if m else None


def simple(source: Source, f) -> bool:
    """Handles, numbers and texts alone."""
    if f.name in BY_HAND or f.name.endswith("_sized") or f.result == "weir_scope":
        return False
    kinds = [k for k, _ in f.parameters]
    good = all(handle_of(k) or source.scalar(k) or k == "const char *" for k in kinds)
    result = f.result in ("void", "const char *") or handle_of(f.result) or source.scalar(f.result)
    return bool(good and result and any(handle_of(k) for k in kinds))


def parameter(source: Source, kind: str, name: str, frees: bool):
    """(declaration, how it is passed to C)."""
    handle = handle_of(kind)
    if handle:
        intent = "inout" if frees else "in"
        return f"type({handle}), intent({intent}) :: {name}", f"{name}%p"
    if kind == "const char *":
        return f"character(*), intent(in) :: {name}", f"to_c({name})"
    if kind == "bool":
        return f"logical, intent(in) :: {name}", f"logical({name}, c_bool)"
    return f"{source.scalar(kind)}, intent(in) :: {name}", name


def wrapper(source: Source, f) -> str:
    frees = f.name.endswith("_free")
    names = [argument(n) for _, n in f.parameters]
    declared = [parameter(source, k, argument(n), frees) for k, n in f.parameters]
    call = f"{short(f.name)}({', '.join(p for _, p in declared)})"
    body = "".join(f"        {d}\n" for d, _ in declared)
    if f.result == "void":
        end = f"        {names[0]}%p = c_null_ptr\n" if frees else ""
        return wrapped(f"subroutine {f.name}({', '.join(names)})", "    ") + body \
            + wrapped(f"call {call}", " " * 8) + end + "    end subroutine\n"
    handle = handle_of(f.result)
    kinds = {"bool": "logical", "const char *": "character(:), allocatable"}
    kind = f"type({handle})" if handle else kinds.get(f.result) or source.scalar(f.result)
    value = {"bool": f"logical({call})", "const char *": f"from_c({call})"}.get(f.result, call)
    target = "result_%p" if handle else "result_"
    return wrapped(f"function {f.name}({', '.join(names)}) result(result_)", "    ") + body \
        + f"        {kind} :: result_\n" + wrapped(f"{target} = {value}", " " * 8) + "    end function\n"


# -- the file -------------------------------------------------------------------------------------
def for_kinds(text: str) -> str:
    """What stands between @BEGIN@ and @END@, once for each real kind."""
    kinds = ({"@k@": "f32", "@real@": "real(c_float)", "@_f64@": "", "@dtype@": "0"},
             {"@k@": "f64", "@real@": "real(c_double)", "@_f64@": "_f64", "@dtype@": "1"})

    def both(m) -> str:
        out = ""
        for kind in kinds:
            part = m[1]
            for mark, value in kind.items():
                part = part.replace(mark, value)
            out += part
        return out

    return re.sub(r"@BEGIN@\n(.*?)@END@\n", both, text, flags=re.S)


def called(source: Source, text: str) -> list[str]:
    """C functions that a text calls, in the order of the headers."""
    used = set(re.findall(r"\bc_(\w+)\(", text))
    return [n for n in source.functions if n.removeprefix("weir_") in used]


def public(names: list[str]) -> str:
    return "".join(wrapped("public :: " + ", ".join(names[i:i + 4]), "    ")
                   for i in range(0, len(names), 4))


def module(read) -> str:
    source = Source(read)
    text = for_kinds((Path(__file__).parent / "weir.f90.in").read_text())
    own = [f for f in source.of_headers if simple(source, f)]
    handles = [h for h in HANDLES.values() if h != "weir_context"]
    in_text = set(re.findall(r"^    public :: (.*)$", text, re.M))
    said = {n.strip() for line in in_text for n in line.split(",")}
    wrappers = "\n".join(wrapper(source, f) for f in own)
    frees = [f.name for f in own if f.name.endswith("_free")]
    uses = text + wrappers
    parts = {
        "@HANDLES@": ", ".join(handles),
        "@PUBLIC@\n": public([f.name for f in own if f.name not in said and f.name not in frees]),
        "@CONSTANTS@\n": "".join(
            f"    integer(c_int), parameter, public :: {name.lower()} = {value}\n"
            for name, value in source.enums["weir_status"].items() if name != "WEIR_OK"),
        "@HANDLE_TYPES@\n": "".join(
            f"    type :: {h}\n        private\n        type(c_ptr) :: p = c_null_ptr\n    end type\n"
            for h in handles),
        "@STRUCTS@\n": "".join(struct(source, s) for s in STRUCTS),
        "@INTERFACES@\n": "".join(interface(source, n) for n in called(source, uses)),
        "@FREES@\n": "".join(f"        module procedure {n}\n" for n in frees),
        "@WRAPPERS@\n": wrappers,
    }
    for mark, value in parts.items():
        text = text.replace(mark, value)
    return text


def files(read, listed) -> dict[str, str]:
    return {"include/weir.f90": module(read)}
