"""A long answer in the playground, as fast as it is played: no frame is late for it."""

import json

from tests.servers import content

SENTENCE = "A sentence of **some** words, *another* with `code` and a [link](http://a.example/).\n"
MIXED = (
    f"\n## Part\n\n{SENTENCE}\n- item **one**\n- item two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    f"```py\nfor i in range(10):\n    print(i)\n```\n\n> {SENTENCE}\n"
)
ROW = "| **one** | two and `three` with some words |\n"
LONG = [
    MIXED * 280,
    SENTENCE * 400,
    "\n" + f"- {SENTENCE}" * 350,
    "\n```py\n" + "result = compute(first, **others)  # what comes\n" * 700 + "```\n",
    "\n| a | b |\n|---|---|\n" + ROW * 700,
]
SLOW = ROW * 40 + MIXED * 30
BODY = (
    f"<!-- stream: speed 100x -->{''.join(LONG)}| so far | so good |\n"
    f"<!-- stream: pause 300s -->\n<!-- stream: speed 1x -->{SLOW}"
)

WATCH = """() => {
  window.tasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(Math.round(duration));
  }).observe({ type: "longtask" });
}"""
LEAST = 50
"""Milliseconds of what Chromium calls a long task. Without what this is about, each play
has three of them and more; and what else a machine does may make one of any."""


def test_200_kb_of_markdown_at_5_ms(project, site, page, chromium, tmp_path):
    assert sum(map(len, LONG)) > 190_000
    project.call(content.publish, "long-answer", BODY, delay_ms=5, chunk_size=20)
    found = []
    # What else this machine does can make any frame late; what is too much work, all.
    while len(found) < 3 and 0 not in found:
        page.goto(f"{site}/streams/long-answer/?view=table")
        page.evaluate(WATCH)
        page.click("button[type=submit]")
        said = page.locator("[data-said]")
        said.get_by_text("so good").wait_for()
        page.wait_for_timeout(1000)
        page.evaluate("tasks.length = 0")
        said.get_by_text("Part").nth(282).wait_for()
        path = tmp_path / f"{len(found)}.json"
        categories = ["devtools.timeline"]
        chromium.start_tracing(page=page, path=path, categories=categories)
        page.wait_for_timeout(500)
        chromium.stop_tracing()
        page.wait_for_selector("[data-phase=done]")
        long = page.evaluate("tasks")
        print(f"tasks over {LEAST} ms: {long}")
        found.append(len(long))
        rows = page.locator("[data-log] tbody tr").count()
        assert 1900 < rows <= 2000
    laid_out = [
        event["args"]["beginData"]["totalObjects"]
        for event in json.loads(path.read_text())["traceEvents"]
        if event["name"] == "Layout" and "beginData" in event.get("args", {})
    ]
    print(f"{len(laid_out)} times laid out, of at most {max(laid_out)} objects")
    assert max(laid_out) < 3000
    assert min(found) < 3
