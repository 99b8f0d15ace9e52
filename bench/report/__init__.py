"""docs/performance.md and its plot, from results; see template.md."""

from pathlib import Path
from string import Template

from bench.report.figures import markdown_table
from bench.report.plot import plot
from bench.report.sections import ALL
from bench.results import Results
from bench.stacks import ROOT

DOCS = ROOT / "docs"
TEMPLATE = Path(__file__).with_name("template.md")

COARSE = (
    "\n> Measured with `QUICK=1`: short windows, one round. Take the order from it, not"
    " the figures.\n"
)


def write(results: Results, folder: Path = DOCS) -> None:
    about = results.about()
    machine = about["machine"]
    kind = " (virtual machine)" if machine["virtual"] else ""
    described = [
        ["Processor", f"{machine['cpu']}, {machine['cores']} cores{kind}"],
        ["Memory", f"{machine['memory_gib']} GiB"],
        ["System", f"{machine['system']}, {machine['libc']}"],
        ["Python", machine["python"]],
    ]
    made_of = [[name, version] for name, version in about["versions"].items()]
    text = Template(TEMPLATE.read_text()).substitute(
        {name: section(results) for name, section in ALL.items()},
        date=about["date"],
        coarse=COARSE if about["quick"] else "",
        machine=markdown_table(["What", "Which"], described, others="---"),
        versions=markdown_table(["Package", "Version"], made_of, others="---"),
    )
    document = folder / "performance.md"
    picture = folder / "images" / "performance.svg"
    picture.parent.mkdir(exist_ok=True)
    document.write_text(text)
    picture.write_text(plot(results))
    print(f"Wrote {document} and {picture}.")
