"""Rows and their options as text, the library's own: "nsf hidden=64,64"."""

from __future__ import annotations

from typing import Any, Mapping, Sequence


class Spec(str):
    """A row's name and options: text that stands wherever a name does."""

    def __repr__(self) -> str:
        return f"weir.Spec({str.__repr__(self)})"


def quoted(value: str) -> str:
    """A value with blanks or quotes stands in quotes."""
    if value and not any(c in value for c in ' \t\n"\\'):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def value_text(value: Any) -> str:
    """A value as the library reads it: yes and no, numbers in full, lists with commas."""
    if value is True or value is False:
        return "yes" if value else "no"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Sequence) or hasattr(value, "tolist"):
        items = value.tolist() if hasattr(value, "tolist") else value
        if not isinstance(items, Sequence):
            return value_text(items)
        return ",".join(value_text(v) for v in items)
    return str(value)


def pairs(options: Mapping[str, Any], before: str = "") -> list[str]:
    """key=value of each option that is said; a list of specs with options key by key."""
    out = []
    for key, value in options.items():
        if value is None:
            continue
        rows = isinstance(value, (list, tuple)) and any(isinstance(v, Spec) for v in value)
        if rows:
            out.append(f"{before}{key}=" + ",".join(str(v).split(" ", 1)[0] for v in value))
            out += [f"{before}{key}.{i}={quoted(v)}" for i, v in enumerate(value) if " " in v]
        else:
            out.append(f"{before}{key}={quoted(value_text(value))}")
    return out


def spec(name: str, options: Mapping[str, Any]) -> Spec:
    return Spec(" ".join([name, *pairs(options)]))


def name_and_options(row: str, options: Mapping[str, Any]) -> tuple[str, str]:
    """("nsf", "dim=2 hidden=64,64") of "nsf dim=2" and further options."""
    name, _, said = str(row).partition(" ")
    return name, " ".join(([said] if said else []) + pairs(dotted(options)))


def words(text: str) -> list[str]:
    """Parted at blanks that stand in no quotes."""
    out, inside, escaped = [""], False, False
    for c in text:
        if c == '"' and not escaped:
            inside = not inside
        escaped = c == "\\" and not escaped
        if c == " " and not inside:
            out.append("")
        else:
            out[-1] += c
    return [w for w in out if w]


def dotted(options: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments as options: `in_` is "in", a double underscore a point."""
    return {k.rstrip("_").replace("__", "."): v for k, v in options.items()}
