"""A bar chart of the streams that one core holds, as SVG for light and dark pages."""

from html import escape

from bench.report.figures import Figures, at
from bench.results import Results

WIDTH, LABELS, BAR, STEP, TOP = 800, 330, 20, 30, 64

STYLE = """
  .page { fill: #ffffff } text { fill: #1f2328; font: 13px system-ui, sans-serif }
  .title { font-size: 15px; font-weight: 600 } .quiet { fill: #59636e }
  .ours { fill: #0969da } .peer { fill: #8c959f } .limit { fill: #c8cdd3 }
  .gaps { stroke: #59636e; stroke-dasharray: 4 3; fill-opacity: .45 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #f0f6fc } .quiet { fill: #9198a1 }
    .ours { fill: #4493f8 } .peer { fill: #656c76 } .limit { fill: #3d444d }
    .gaps { stroke: #9198a1 }
  }
"""

LIMITS = ("epoll", "bare")
"""Not peers, but what the machine and the language allow."""


def plot(results: Results) -> str:
    found = Figures(results, "capacity")
    bars = []
    for stack in found.stacks:
        figure = found.get(stack.name, at("streams"))
        assert figure
        kind = "ours" if stack.ours else "limit" if stack.name in LIMITS else "peer"
        by_schedule = found.get(stack.name, at("by_schedule"))
        if not by_schedule or by_schedule.value < figure.value:
            kind += " gaps"
        bars.append((round(figure.value), stack.title, kind))
    bars.sort(key=lambda bar: -bar[0])
    most = max((bar[0] for bar in bars), default=1) or 1
    height = TOP + STEP * len(bars) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        ' role="img" aria-labelledby="title summary">',
        '<title id="title">Streams that one core holds</title>',
        f'<desc id="summary">{escape(_summary(bars))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="6"/>',
        '<text class="title" x="16" y="26">Streams that one core holds</text>',
        '<text class="quiet" x="16" y="46">300 events, 30 ms apart; each stream that'
        " ends is replaced; p99 under 20 ms late</text>",
    ]
    for number, bar in enumerate(bars):
        parts += _bar(TOP + STEP * number, *bar, most)
    parts.append(
        f'<text class="quiet" x="16" y="{height - 12}">Dashed: judged by the gaps'
        " between events alone; by schedule it holds fewer, or none.</text>"
    )
    return "\n".join([*parts, "</svg>", ""])


def _bar(y: int, streams: int, title: str, style: str, most: int) -> list[str]:
    length = round((WIDTH - LABELS - 80) * streams / most, 1)
    middle = y + BAR / 2 + 4.5
    label = f'<text x="{LABELS - 10}" y="{middle}" text-anchor="end">'
    return [
        f"{label}{escape(title)}</text>",
        f'<rect class="{style}" x="{LABELS}" y="{y}" width="{length}" height="{BAR}"'
        ' rx="2"/>',
        f'<text x="{LABELS + length + 8}" y="{middle}">{streams:,}</text>',
    ]


def _summary(bars: list[tuple[int, str, str]]) -> str:
    return "; ".join(f"{title}: {streams:,}" for streams, title, *_ in bars)
