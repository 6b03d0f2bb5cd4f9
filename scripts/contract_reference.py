"""Write docs/contracts: what each deployable contract offers, from its source alone.

    python scripts/contract_reference.py

Functions (those that a module lends too), with what they take, give, log and refuse; events with their
topics; structs; and what the contract calls on others. scripts/build_contracts.py does it after a build.
"""

import re
import runpy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import vyper
from vyper import ast as nodes
from vyper.compiler import CompilerData
from vyper.compiler.input_bundle import FileInput, FilesystemInputBundle
from vyper.compiler.settings import Settings, anchor_settings
from vyper.semantics.types import StructT
from vyper.semantics.types.function import ContractFunctionT
from vyper.semantics.types.module import ModuleT

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "contracts"
INDEX = "README.md"
BUILD = runpy.run_path(str(Path(__file__).with_name("build_contracts.py")))

Doc = dict[str, str]
"""Tag of a docstring ("notice", "param assets", "return") → its text, lines as they are."""

HEAD = """# The contracts, one by one

Written by `make contracts` from the sources; a test fails when a page is out of date. Amounts are in the
smallest unit of their token unless a page says otherwise; WAD is 1e18. A revert's reason begins with the name
of the contract or library that refuses. `surge abi NAME` prints the same as JSON, for programs.

| contract | what it is | source |
|---|---|---|
"""


@dataclass
class Page:
    """What goes into one contract's page. structs: those that its functions and events speak of, by name."""

    name: str
    path: Path
    module: ModuleT
    structs: dict[str, StructT] = field(default_factory=dict)
    logged: dict[str, list[str]] = field(default_factory=dict)
    """Event → the functions that log it."""


def read(path: Path) -> Page:
    """A contract as the compiler understands it, without making any code."""
    site_packages = Path(vyper.__file__).parent.parent
    bundle = FilesystemInputBundle([site_packages, BUILD["CONTRACTS"]])
    settings = Settings(evm_version=BUILD["EVM"])
    with bundle.search_path(path.parent), anchor_settings(settings):
        source = bundle.load_file(path)
        if not isinstance(source, FileInput):
            raise TypeError(f"{path} is no Vyper source")
        compiled = CompilerData(source, input_bundle=bundle, settings=settings)
        return Page(path.stem, path, compiled.annotated_vyper_module._metadata["type"])


# Docstrings and comments


def tags(docstring: str | None) -> Doc:
    """`@notice A. @param b C.` → {"notice": "A.", "param b": "C."}; text before any tag is a notice."""
    found: Doc = {}
    text = docstring or ""
    for begin, tag, rest in re.findall(r"(?:^|\n)( *)@(\w+:?\w*)\b(.*?)(?=\n *@\w|\Z)", text, re.DOTALL):
        name, body = tag, rest
        if tag == "param":
            argument, _, body = rest.strip().partition(" ")
            name = f"param {argument}"
        indent = len(begin) + len(tag) + 2
        lines = [line[min(indent, len(line) - len(line.lstrip())) :] for line in body.split("\n")]
        found[name] = "\n".join(lines).strip()
    if not found and text.strip():
        found["notice"] = text.strip()
    return found


def docstring(node: Any) -> str | None:
    return node.doc_string.value if getattr(node, "doc_string", None) else None


def flowing(text: str) -> str:
    return " ".join(text.split())


def prose(text: str) -> Iterator[str]:
    """Paragraphs as they flow; those with a line set in by hand, such as a drawing, as they stand."""
    for paragraph in re.split(r"\n\s*\n", text):
        lines = paragraph.strip("\n").split("\n")
        drawn = any(re.search(r"\S {3,}\S|^ {2,}\S|^ *(\*|[A-Z]\d:)", line) for line in lines)
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        body = [line[indent:] for line in lines]
        yield "\n".join(["```text", *body, "```"]) if drawn else flowing(paragraph)


def comment_above(node: Any) -> str:
    """The comment that ends right above a definition."""
    lines = node.full_source_code.splitlines()
    found: list[str] = []
    for line in reversed(lines[: node.lineno - 1]):
        if not line.startswith("#") or line.startswith(("# pragma", "# SPDX")):
            break
        found.append(line.lstrip("# ").removeprefix("@dev "))
    return flowing(" ".join(reversed(found))).partition(" @notice ")[0]


def comment_beside(node: Any) -> str:
    line = node.full_source_code.splitlines()[node.lineno - 1]
    return line.partition("#")[2].strip()


def cell(text: str) -> str:
    return text.replace("|", "\\|")


# Types


def shown(page: Page, kind: Any) -> str:
    """A type as its source names it; structs are kept for their own section."""
    if kind is None:
        return ""
    for part in parts(kind):
        page.structs.setdefault(part._id, part)
        for member in part.members.values():
            shown(page, member)
    return re.sub(r"struct (\w+)[^)\]]*", r"\1", named(kind))


def named(kind: Any) -> str:
    if isinstance(kind, StructT):
        return str(kind._id)
    if hasattr(kind, "member_types"):
        return f"({', '.join(map(named, kind.member_types))})"
    if type(kind).__name__ == "DArrayT":
        return f"DynArray[{named(kind.value_type)}, {kind.count}]"
    if type(kind).__name__ == "SArrayT":
        return f"{named(kind.value_type)}[{kind.count}]"
    return str(kind)


def parts(kind: Any) -> Iterator[StructT]:
    """The structs in a type."""
    if isinstance(kind, StructT):
        yield kind
    elif hasattr(kind, "member_types"):
        for each in kind.member_types:
            yield from parts(each)
    elif hasattr(kind, "value_type"):
        yield from parts(kind.value_type)


# Functions


def reached(function: ContractFunctionT) -> list[Any]:
    """The code of a function and of all that it calls inside the contract."""
    every = [function, *function.reachable_internal_functions]
    return [one.decl_node for one in every if isinstance(one.decl_node, nodes.FunctionDef)]


def reasons(function: ContractFunctionT) -> list[str]:
    """With what words it may refuse."""
    said: dict[str, None] = {}
    for node in reached(function):
        for one in node.get_descendants((nodes.Assert, nodes.Raise)):
            reason = one.msg if isinstance(one, nodes.Assert) else one.exc
            if isinstance(getattr(reason, "value", None), str):
                said[reason.value] = None
    return list(said)


def logs(function: ContractFunctionT) -> list[str]:
    """The events that it may log."""
    found: dict[str, None] = {}
    for node in reached(function):
        for one in node.get_descendants(nodes.Log):
            called = one.value.func
            found[called.attr if isinstance(called, nodes.Attribute) else called.id] = None
    return list(found)


def modules(module: ModuleT) -> list[ModuleT]:
    """A module, and all that it imports, near or far."""
    found = {module.decl_node.resolved_path: module}
    for info in module.imported_modules.values():
        found |= {one.decl_node.resolved_path: one for one in modules(info.module_t)}
    return list(found.values())


def getters(module: ModuleT) -> dict[tuple[str, str], Any]:
    """File and name → the declaration of a public variable, of the module and of those that it uses."""
    return {
        (one.decl_node.resolved_path, variable.target.id): variable
        for one in modules(module)
        for variable in one.variable_decls
    }


def signature(page: Page, function: ContractFunctionT, anonymous: bool = False) -> str:
    given = []
    for argument in function.arguments:
        kind = shown(page, argument.typ)
        default = getattr(argument, "default_value", None)
        said = kind if anonymous else f"{argument.name}: {kind}"
        given.append(said if default is None else f"{said} = {default.node_source_code}")
    returned = shown(page, function.return_type)
    return f"{name_of(function)}({', '.join(given)})" + (f" -> {returned}" if returned else "")


def describe_function(page: Page, function: ContractFunctionT) -> str:
    lines = [] if function.is_constructor else [f"### {function.name}", ""]
    lines += ["```vyper", signature(page, function), "```", ""]
    if not function.is_constructor:
        lines += [f"{function.mutability.value} · {' · '.join(selectors(function))}", ""]
    doc = tags(docstring(function.decl_node))
    for tag, text in doc.items():
        if tag in ("notice", "dev"):
            lines += ["\n\n".join(prose(text)), ""]
    told = [f"- `{tag[6:]}`: {flowing(text)}" for tag, text in doc.items() if tag.startswith("param ")]
    if doc.get("return"):
        told.append(f"- returns: {flowing(doc['return'])}")
    if events := logs(function):
        for event in events:
            page.logged.setdefault(event, []).append(name_of(function))
        told.append(f"- logs: {', '.join(f'`{event}`' for event in events)}")
    if refused := reasons(function):
        told += ["- reverts with:", *(f"  - `{reason}`" for reason in refused)]
    return "\n".join([*lines, *told]).rstrip() + "\n"


def describe_getter(page: Page, function: ContractFunctionT, variable: Any) -> str:
    """A row for a public variable."""
    comment = comment_beside(variable) or comment_above(variable)
    return f"| `{signature(page, function, anonymous=True)}` | {selectors(function)[0]} | {cell(comment)} |"


def selectors(function: ContractFunctionT) -> list[str]:
    """`name(types)` and selector; several where arguments may be left out."""
    return [f"`{said}` `0x{number:08x}`" for said, number in function.method_ids.items()]


def name_of(function: ContractFunctionT) -> str:
    return "__init__" if function.is_constructor else str(function.name)


# Sections


def functions(page: Page) -> Iterator[str]:
    """Those of the contract's own file first, then those that its modules lend it, each in their order."""
    module, declared = page.module, getters(page.module)
    own = module.decl_node.resolved_path
    exposed = sorted(module.exposed_functions, key=lambda one: one.decl_node.module_node.resolved_path != own)
    if module.init_function is not None and module.init_function.arguments:
        yield "## Deployment\n\n" + describe_function(page, module.init_function)
    changing, telling, values = [], [], []
    for one in exposed:
        variable = declared.get((one.decl_node.module_node.resolved_path, one.name))
        if one.decl_node.lineno is None and variable is not None:
            values.append(describe_getter(page, one, variable))
        elif one.mutability.value in ("nonpayable", "payable"):
            changing.append(describe_function(page, one))
        else:
            telling.append(describe_function(page, one))
    if changing:
        yield "## What changes something\n\n" + "\n".join(changing)
    if telling:
        yield "## What only tells\n\n" + "\n".join(telling)
    if values:
        yield "\n".join(["## Values that can be read", "", "| | selector | |", "|---|---|---|", *values, ""])


def events(page: Page) -> Iterator[str]:
    told = []
    for event in page.module.used_events:
        if event.name not in page.logged:
            continue
        rows = [
            f"| `{name}` | `{shown(page, kind)}` | {'yes' if indexed else ''} |"
            for (name, kind), indexed in zip(event.arguments.items(), event.indexed, strict=True)
        ]
        above = comment_above(event.decl_node)
        told.append(
            "\n".join(
                [
                    f"### {event.name} (event)",
                    "",
                    f"topic `0x{event.event_id:064x}`",
                    "",
                    *([above, ""] if above else []),
                    "| field | type | indexed |",
                    "|---|---|---|",
                    *rows,
                    "",
                    f"By {', '.join(f'`{one}`' for one in dict.fromkeys(page.logged[event.name]))}.",
                    "",
                ]
            )
        )
    if told:
        yield "## Events\n\n" + "\n".join(sorted(set(told), key=told.index))


def structs(page: Page) -> Iterator[str]:
    told = []
    defined = {one.name: one for module in modules(page.module) for one in module.struct_defs}
    for name, kind in page.structs.items():
        node = defined[name]
        beside = {one.target.id: comment_beside(one) for one in node.body if isinstance(one, nodes.AnnAssign)}
        rows = [
            f"| `{member}` | `{shown(page, each)}` | {cell(beside.get(member, ''))} |"
            for member, each in kind.members.items()
        ]
        above = comment_above(node)
        head = [f"### {name}", "", *([above, ""] if above else [])]
        told.append("\n".join([*head, "| field | type | |", "|---|---|---|", *rows, ""]))
    if told:
        yield "## Structs\n\n" + "\n".join(told)


def calls(page: Page) -> Iterator[str]:
    """What others must offer: a token, an oracle, a rate model, or who asks to be called back."""
    told = []
    for interface in page.module.interface_defs:
        body = [re.sub(r"\s+", " ", line.node_source_code) for line in interface.body]
        told.append("\n".join([f"### {interface.name} (interface)", "", "```vyper", *body, "```", ""]))
    if told:
        yield "## What it calls on others\n\n" + "\n".join(told)


def describe(page: Page) -> str:
    """The whole page."""
    doc = tags(docstring(page.module.decl_node))
    sections = [*functions(page), *events(page)]
    source = page.path.relative_to(ROOT)
    head = [
        f"# {page.name}",
        "",
        f"[{source}](../../{source}) · written by `make contracts` from it · `surge abi {page.name}`",
        "",
        "\n\n".join(part for tag in ("notice", "dev") if doc.get(tag) for part in prose(doc[tag])),
        "",
    ]
    return "\n".join([*head, *sections, *structs(page), *calls(page)]).rstrip() + "\n"


def summary(page: Page) -> str:
    """The first sentence of its notice."""
    notice = flowing(tags(docstring(page.module.decl_node)).get("notice", "").split("\n\n")[0])
    return cell(re.split(r"(?<=\.)\s", notice)[0].rstrip(":"))


def pages() -> dict[str, str]:
    """Every file of docs/contracts, by name."""
    written, rows = {}, []
    for path in BUILD["deployables"]():
        page = read(path)
        written[f"{page.name}.md"] = describe(page)
        source = path.relative_to(ROOT)
        rows.append(f"| [{page.name}]({page.name}.md) | {summary(page)} | [{source}](../../{source}) |\n")
    return {INDEX: HEAD + "".join(rows), **written}


def outdated(expected: dict[str, str]) -> list[str]:
    """Names of files that say something else than the sources, or that no contract has any more."""
    there = {path.name: path.read_text() for path in REFERENCE.glob("*.md")}
    return sorted(name for name in there.keys() | expected.keys() if there.get(name) != expected.get(name))


def write() -> list[str]:
    """Names of the files that had to be written or removed."""
    expected = pages()
    REFERENCE.mkdir(parents=True, exist_ok=True)
    changed = outdated(expected)
    for name in changed:
        if name in expected:
            (REFERENCE / name).write_text(expected[name])
        else:
            (REFERENCE / name).unlink()
    return changed


def told(names: Iterable[str]) -> str:
    return "\n".join(f"written: docs/contracts/{name}" for name in names)


if __name__ == "__main__":
    print(told(write()) or "up to date: docs/contracts")
