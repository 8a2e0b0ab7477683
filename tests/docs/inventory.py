"""What the program really has, read from its source: error codes, kinds of events, functions."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from connector import errors
from connector.provisioning import apply
from tests.support.project import ROOT

CODE = ROOT / "connector"
KINDS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.ConnectorError)}

Scope = ast.Module | ast.FunctionDef


@cache
def modules() -> dict[Path, ast.Module]:
    """Every module of the program, parsed."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(CODE.rglob("*.py"))}


def error_codes() -> dict[str, set[str]]:
    """Code -> the kinds of error that carry it (`usage`: said by the command line itself, `problem`: by the web server)."""
    found: dict[str, set[str]] = defaultdict(set)
    for module in modules().values():
        for scope, call in _calls(module):
            kind = _kind(module, call)
            if kind and call.args and not _is_handed_on(call.args[0]):
                for code in _texts(call.args[0], scope, module):
                    found[code].add(kind)
            elif _name(call) == "problem" and isinstance(call.args[1], ast.Constant):
                found[str(call.args[1].value)].add("problem")
    return found


def _kind(module: ast.Module, call: ast.Call) -> str | None:
    """Which kind of error a call makes: one by its name, the one a class hands to its base, or a line on standard error."""
    name = _name(call)
    if name in KINDS:
        return name
    if name == "show_error":
        return "usage"
    if name == "__init__":
        return next((b for b in _bases_around(module, call) if b in KINDS - {"ConnectorError"} and _is_literal(call)), None)
    return None


def _is_literal(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant)


def _bases_around(module: ast.Module, call: ast.Call) -> list[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef) and call in list(ast.walk(node)):
            return [base.id for base in node.bases if isinstance(base, ast.Name)]
    return []


def event_kinds() -> set[str]:
    """Every action of the audit trail, which is the kind of an event in the outbox as well."""
    found = set(apply._STEPS.values()) | _dotted(_function("provisioning/apply.py", "_action"))
    for path, module in modules().items():
        for scope, call in _calls(module):
            tells = _name(call) == "Notice" or _is_writer_of_apply(path, scope, call)
            if tells and not _is_handed_on(call.args[1]):
                found |= _texts(call.args[1], scope, module)
    return found


WRITERS = ("record", "record_all", "alert", "tell")
"""The functions of provisioning/apply.py that are told what to call a change, as their second argument."""


def _is_writer_of_apply(path: Path, scope: Scope, call: ast.Call) -> bool:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr in WRITERS and isinstance(function.value, ast.Name) and function.value.id == "apply"
    inside = isinstance(scope, ast.FunctionDef) and scope.name in WRITERS  # one writer handing on to another
    return path.name == "apply.py" and not inside and _name(call) in WRITERS


def _is_handed_on(node: ast.expr) -> bool:
    """`error.code` and `notice.kind` hand on what was said where the error or the notice was made."""
    return isinstance(node, ast.Attribute) and node.attr in ("code", "kind")


def _dotted(node: ast.AST) -> set[str]:
    texts = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return {text for text in texts if "." in text and " " not in text}


def functions(path: str) -> set[str]:
    """The functions, methods and classes that a module of the program defines."""
    kinds = ast.FunctionDef | ast.ClassDef
    return {node.name for node in ast.walk(modules()[CODE / path]) if isinstance(node, kinds)}


def _function(path: str, name: str) -> ast.FunctionDef:
    return next(n for n in ast.walk(modules()[CODE / path]) if isinstance(n, ast.FunctionDef) and n.name == name)


def _calls(module: ast.Module) -> Iterator[tuple[Scope, ast.Call]]:
    """Every call with the innermost function it stands in."""
    stack: list[tuple[Scope, ast.AST]] = [(module, module)]
    while stack:
        scope, node = stack.pop()
        inner = node if isinstance(node, ast.FunctionDef) else scope
        if isinstance(node, ast.Call):
            yield inner, node
        stack += [(inner, child) for child in ast.iter_child_nodes(node)]


def _name(call: ast.Call) -> str | None:
    function = call.func
    return function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else None


def _texts(node: ast.expr, scope: Scope, module: ast.Module) -> set[str]:
    """The texts an argument may be. An argument that cannot be followed is an error: it must not go undocumented."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.IfExp):
        return _texts(node.body, scope, module) | _texts(node.orelse, scope, module)
    if isinstance(node, ast.Name):
        found = _assigned(node.id, scope) or _passed(node.id, scope, module)
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        found = _assigned(node.value.id, scope) | _assigned(node.value.id, module)
    elif isinstance(node, ast.JoinedStr):
        found = _joined(node, scope, module)
    else:
        found = set()
    if not found:
        raise AssertionError(f"cannot tell which code or kind this is: {ast.unparse(node)}")
    return found


def _assigned(name: str, scope: ast.AST) -> set[str]:
    """Literals assigned to a name: one text or one of two, a part of a tuple, or the values of a dictionary."""
    found: set[str] = set()
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                found |= _bound(name, target, node.value)
    return found


def _bound(name: str, target: ast.expr, value: ast.expr) -> set[str]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(target.elts, value.elts, strict=True)
        return {text for one, other in pairs for text in _bound(name, one, other)}
    if not (isinstance(target, ast.Name) and target.id == name):
        return set()
    choices = value.values if isinstance(value, ast.Dict) else [value]
    texts = [branch for each in choices for branch in ([each.body, each.orelse] if isinstance(each, ast.IfExp) else [each])]
    return {each.value for each in texts if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def _passed(name: str, scope: Scope, module: ast.Module) -> set[str]:
    """What calls inside the module pass for a parameter of the function around; each of them is followed in its turn."""
    if not isinstance(scope, ast.FunctionDef) or name not in (names := [each.arg for each in scope.args.args]):
        return set()
    function, place = scope.name, names.index(name)
    calls = [(caller, call) for caller, call in _calls(module) if _name(call) == function and len(call.args) > place]
    return {text for caller, call in calls for text in _texts(call.args[place], caller, module)}


def _joined(node: ast.JoinedStr, scope: Scope, module: ast.Module) -> set[str]:
    """An f-string with names in it, each of which is followed."""
    found = {""}
    for part in node.values:
        inner = part.value if isinstance(part, ast.FormattedValue) else part
        found = {before + text for before in found for text in _texts(inner, scope, module)}
    return found
