"""The public headers as declarations: functions with their documentation, structs, enums, types."""

import re
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Function:
    name: str
    result: str
    parameters: list[tuple[str, str]]  # (type, name)
    doc: str
    header: str
    text: str  # the declaration, for cffi
    inline: bool = False


@dataclass
class Header:
    name: str
    about: str = ""
    declarations: list[str] = field(default_factory=list)  # in order, functions among them
    functions: list[Function] = field(default_factory=list)
    enums: dict[str, list[tuple[str, int]]] = field(default_factory=dict)


PIECE = re.compile(r"/\*.*?\*/|[^/]+|/", re.S)
SECTION = re.compile(r"/\* -- .* -+ \*/$", re.S)


def prose(comment: str) -> str:
    """A comment's text: without its marks, its lines as they are."""
    lines = comment[2:-2].strip().split("\n")
    return "\n".join(re.sub(r"^ ?\*? ?", "", line).rstrip() for line in lines).strip()


def without_macros(text: str) -> str:
    """Text without preprocessor lines, attributes and linkage; the list of statuses as an enum."""
    entries = re.findall(r"ENTRY\((WEIR_\w+), (\d+), \"", text)
    text = re.sub(r"#define(\\\n|[^\n])*\n", "\n", text)
    text = re.sub(r"#if[^\n]*__cplusplus[^\n]*\n.*?#endif\n", "", text, flags=re.S)
    text = re.sub(r"^\s*#[^\n]*\n", "", text, flags=re.M)
    text = re.sub(r"__attribute__\(\(.*?\)\)\)?", "", text)
    text = text.replace("WEIR_STATUS_LIST(WEIR_STATUS_ENTRY)",
                        ", ".join(f"{name} = {value}" for name, value in entries))
    return text.replace("WEIR_MUST_CHECK", "")


def statements(text: str):
    """(code, comments before it, comment behind it) of each declaration, braces kept whole."""
    before, code, depth = [], "", 0
    out = []
    for piece in PIECE.findall(text):
        if piece.startswith("/*"):
            if depth == 0 and not code.strip():
                if out and "\n" not in code and not before:
                    out[-1][2] = prose(piece)  # on the line of what it follows
                elif SECTION.match(piece):
                    before = []
                else:
                    before.append(prose(piece))
            code += " "
            continue
        for c in piece:
            if c == "\n" and depth == 0 and not code.strip():
                if code.endswith("\n") and before:
                    before = []  # a blank line parts a comment from what follows
                code = code + c if code else c
                continue
            code += c
            depth += (c == "{") - (c == "}")
            macro = depth == 0 and c == ")" and code.strip().startswith("WEIR_DEFAULTS")
            body = depth == 0 and c == "}" and code.strip().startswith("static inline")
            if (depth == 0 and c == ";") or macro or body:
                out.append([" ".join(code.split()), before, ""])
                code, before = "", []
    return out


def split_parameters(text: str) -> list[str]:
    parts, depth = [""], 0
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [p.strip() for p in parts if p.strip() and p.strip() != "void"]


def parameter(text: str) -> tuple[str, str]:
    pointer = re.match(r"(.*)\(\*(\w+)\)(\(.*\))$", text)
    if pointer:
        return f"{pointer[1].strip()} (*){pointer[3]}", pointer[2]
    m = re.match(r"(.*?)(\w+)(\[\w*\])?$", text)
    if not m:
        raise ValueError(f"{text}: expected a type and a name")
    kind = m[1].strip()
    return (kind + " *" if m[3] else kind), m[2]


def function(code: str, doc: str, header: str) -> Function | None:
    code = code.replace("WEIR_API", "").strip().rstrip(";").strip()
    if "..." in code:
        return None  # variadic: weir_fail_text stands for it
    m = re.match(r"(.*?)(\bweir_\w+)\((.*)\)$", code)
    if not m:
        raise ValueError(f"{header}: {code}: expected a prototype")
    parameters = [parameter(p) for p in split_parameters(m[3])]
    return Function(m[2], m[1].strip(), parameters, doc, header, code + ";")


def add_enum(out: Header, code: str) -> None:
    m = re.match(r"(?:typedef )?enum\s*(\w*) \{(.*)\}", code)
    value, names = -1, []
    for entry in m[2].split(","):
        if entry.strip():
            name, _, given = (p.strip() for p in entry.partition("="))
            value = int(given, 0) if given else value + 1
            names.append((name, value))
    out.enums[m[1] or names[0][0]] = names


def declare(out: Header, code: str, doc: str) -> None:
    if code.startswith("WEIR_DEFAULTS"):
        kind, name = re.match(r"WEIR_DEFAULTS\((\w+), (\w+)\)", code).groups()
        out.declarations.append(f"{kind} {name}(void);")
        out.functions.append(Function(name, kind, [], doc, out.name, "", True))
    elif code.startswith("static inline"):
        prototype = code[len("static inline"): code.index("{")].strip() + ";"
        f = function(prototype, doc, out.name)
        f.inline = True
        out.functions.append(f)
        out.declarations.append(f.text)
    elif code.startswith("WEIR_API"):
        f = function(code, doc, out.name)
        if f:
            out.functions.append(f)
            out.declarations.append(f.text)
    else:
        if re.match(r"(typedef )?enum", code) and "{" in code:
            add_enum(out, code)
        out.declarations.append(code)


def read(path: Path) -> Header:
    out = Header(path.stem)
    text = path.read_text()
    head = re.match(r"/\*.*?\*/", text, re.S)
    out.about = prose(head[0])
    for code, before, behind in statements(without_macros(text[head.end():])):
        declare(out, code, "\n".join(before) or behind)
    return out


def read_all(folder: Path) -> list[Header]:
    """In the order in which they include each other."""
    paths = {p.stem: p for p in sorted(folder.glob("*.h"))}
    seen, out = set(), []

    def visit(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        for other in re.findall(r'#include "weir/(\w+)\.h"', paths[name].read_text()):
            visit(other)
        out.append(read(paths[name]))

    for name in paths:
        visit(name)
    return out
