"""The README's table of clients, from what the tests in this folder say they run.

`python -m tests.clients.table` writes it.
"""

import ast
from pathlib import Path

FOLDER = Path(__file__).parent
README = FOLDER.parent.parent / "README.md"
BEGIN = "<!-- clients: made by `python -m tests.clients.table` -->\n"
END = "<!-- /clients -->\n"


def clients() -> dict[tuple[str, str], list[str]]:
    """Return what each client, in each language, is tried with: CLIENT of the tests."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(FOLDER.glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.Assign) and node.targets[0].id == "CLIENT":
                name, language, *apis = ast.literal_eval(node.value)
                found.setdefault((name, language), []).extend(apis)
    return found


def table() -> str:
    """Return the table, as Markdown."""
    rows = [
        f"| `{name}` | {language} | {', '.join(apis)} |"
        for (name, language), apis in sorted(clients().items())
    ]
    return "\n".join(["| client | language | with |", "|---|---|---|", *rows]) + "\n"


def with_table(text: str) -> str:
    """Return the README with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text("utf-8")), "utf-8")
