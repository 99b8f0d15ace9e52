"""Text in Chromium: rendered while it is typed, under a policy that runs nothing else."""

import json
from datetime import datetime

import pytest
from playwright.sync_api import expect

POLICY = (
    "default-src 'none'; script-src {site}; connect-src {site};"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Text</title>
</head><body><div id="said"></div><p id="after">After it</p></body></html>"""

# What all scripts below begin with.
TOOLS = """async (given) => {
  const SITE = "%s/static/streams";
  const { Markdown } = await import(`${SITE}/markdown.js`);
  const { Said } = await import(`${SITE}/said.js`);
  const { blocks } = await import(`${SITE}/markdown/nodes.js`);
  const { Lexer, lexer } = await import(`${SITE}/vendor/marked/marked.esm.js`);
  const place = document.getElementById("said");
  const fresh = () => { place.replaceChildren(); return new Markdown(place); };
  let seed = 20;
  const random = (below) => {
    seed = (seed * 1664525 + 1013904223) %% 2 ** 32;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const pick = (list) => list[random(list.length)];
  const stream = (text, longest, often = 2) => {
    const markdown = fresh();
    for (let at = 0; at < text.length; ) {
      const size = 1 + random(longest);
      markdown.append(text.slice(at, at + size));
      at += size;
      if (!random(often)) markdown.draw(Infinity, true);
    }
    markdown.draw(Infinity, false);
    return [...place.children].map((box) => box.innerHTML).join("");
  };
  %s
}"""


@pytest.fixture
def run(page, site, other_origin):
    """Return a function that runs a script with the page's own modules."""
    other_origin.pages["/text"] = PAGE, POLICY.format(site=site)
    page.goto(f"{other_origin.url}/text")
    return lambda script, given=None: page.evaluate(TOOLS % (site, script), given)


LINES = [
    "",
    "",
    "",
    "   ",
    "plain words",
    "more *words* of it",
    "**bold",
    "it goes on** here",
    "# Heading",
    "### Three ###",
    "#hash",
    "===",
    "---",
    "- - -",
    "***",
    "-",
    "*",
    "+ plus",
    "- item",
    "- other **item**",
    "* star",
    "  - nested",
    "    - deeper",
    "  goes on",
    "   three",
    "1. one",
    "2. two",
    "10) ten",
    "1.",
    "- [ ] task",
    "- [x] done",
    "  1. inner",
    " - one in",
    "> quote",
    "> - in quote",
    ">> deep",
    ">",
    "lazy line",
    "```",
    "```js",
    "~~~~",
    "  ```",
    "   ~~~",
    "- ```",
    "    code",
    "\tcode",
    "| a | b |",
    "|---|:-:|",
    "a | b",
    "--|--",
    "| `x|y` | 2 | 3 |",
    "| - |",
    "|",
    "<div>",
    "</div>",
    "<!-- open",
    "-->",
    "<b>bold</b>",
    "<script>",
    "</script>",
    "`code",
    "``",
    "a_b_c",
    "[text](http://a.example/)",
    "[text](",
    "![alt](http://a.example/i.png)",
    "http://a.example/x",
    "line  ",
    "line\\\\",
    "&amp; &#42; &copy;",
    "안녕하세요 *世界*",
    "👩‍👩‍👧‍👦 ~~x~~",
    "\\\\*not\\\\*",
]


def test_in_the_end_there_is_what_the_whole_text_would_have_been(run):
    """Whatever the text and wherever it was cut, as marked reads it at once."""
    wrong = run(
        """
        const wrong = [];
        for (let n = 0; n < 400; n += 1) {
          let text = "";
          for (let left = 2 + random(16); left; left -= 1) {
            text += pick(given) + pick(["\\n", "\\n", "\\n\\n", "\\r\\n", "\\n \\n"]);
          }
          if (random(2)) text = text.slice(0, -1 - random(8));
          const whole = document.createElement("div");
          whole.append(...blocks(lexer(text)));
          const streamed = stream(text, 1 + random(24));
          if (streamed !== whole.innerHTML) wrong.push([text, streamed, whole.innerHTML]);
        }
        return wrong;
        """,
        LINES,
    )
    assert not wrong[:3], len(wrong)


def test_what_is_too_long_to_be_read_at_once_is_the_same_however_it_comes(run):
    different = run(
        """
        const word = (n) => pick(["word ", "**bold** ", "`code` ", "a_b ", "_x ", ". "]).repeat(n);
        const long = {
          paragraph: () => word(1) + pick(["", "\\n"]),
          html: () => "<div> " + word(2),
          comment: () => "<!-- " + word(1) + "\\n\\n",
          quote: () => "> " + word(6) + "\\n",
          item: () => "  - " + word(5) + "\\n",
          text: () => "x",
          row: () => "| a ",
          bullets: () => "- " + word(1) + pick(["\\n", "\\n", "\\n\\n"]),
          numbers: () => "1. " + word(3) + "\\n",
          rows: () => "| " + word(1) + "| b |\\n",
        };
        const begin = { item: "- item\\n", rows: "| a | b |\\n|---|---|\\n" };
        const different = [];
        for (const [name, more] of Object.entries(long)) {
          let text = begin[name] ?? "";
          while (text.length < 36_000) text += more();
          const once = stream(text, 1, 1e9);
          if (stream(text, 6000) !== once || place.textContent.length < 10_000) different.push(name);
        }
        return different;
        """
    )
    assert not different


HOSTILE = [
    "<script>alert(1)</script> <img src=x onerror=alert(1)> **x**",
    "<svg onload=alert(1)><a xlink:href=\"javascript:alert(1)\">x</a></svg>\n\n# x",
    "[a](javascript:alert(1)) [b](JaVaScRiPt&colon;alert(1)) [c](java&#x09;script:alert(1))",
    "[d](&#106;avascript:alert(1)) [e](data:text/html,<script>alert(1)</script>) [f](vbscript:x)",
    "[g](//a.example) [h](/admin/) [i](#x) <javascript:alert(1)> [j]( javascript:alert(1))",
    "[k]: javascript:alert(1)\n[l]: <data:text/html,x> \"onclick=alert(1)\"\n\n[k] [l][l] ![k]",
    "![x](http://a.example/i.png \"t\") ![a\" onerror=\"alert(1)](x) [![y](javascript:x)](http://b)",
    "```\" onclick=alert(1) class=\"x\n<script>alert(1)</script>\n``` \n~~~html\n<img src=x>",
    "| <b onclick=alert(1)> | [x](javascript:x) |\n|:-:|---|\n| `<script>` | <iframe src=x> |",
    "- [ ] <input autofocus onfocus=alert(1)>\n- [x](javascript:x)\n  > <base href=//a.example>",
    "<!-- <script>\n\nalert(1) --> <style>*{display:none}</style>\n\n</div></body></html>",
    "<div\n\nonclick=alert(1)>\n\n<form action=javascript:alert(1)><button>x</button></form>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62; \\<script>",
    "<a href=\"http://x\" onclick=alert(1)>x</a> <http://a.example/\"onclick=alert(1)> a@b.example",
    "~~~~\n<script>alert(1)</script>\n~~~\n\n<details open ontoggle=alert(1)>",
]  # fmt: skip

ELEMENTS = (
    "A BLOCKQUOTE BR CODE DEL DIV EM H3 H4 H5 H6 HR LI OL P PRE SPAN STRONG TABLE TBODY"
    " TD TH THEAD TR UL"
)
ATTRIBUTES = {
    "class": ["html", "table", "task"],
    "data-align": ["center", "left", "right"],
    "data-far": [""],
    "data-goes-on": [""],
    "data-language": None,
    "data-loose": [""],
    "data-task": [""],
    "href": None,
    "part": ["code", "heading", "link", "quote", "table"],
    "rel": ["noopener noreferrer nofollow"],
    "scope": ["col"],
    "start": None,
    "tabindex": ["0"],
}


def test_hostile_text_never_runs_and_breaks_nothing_at_any_prefix(run, page, site):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    wrong = run(
        """
        const ran = [];
        window.alert = (what) => ran.push(what);
        document.addEventListener("securitypolicyviolation", (e) => ran.push(e.violatedDirective));
        const elements = new Set(given.elements.split(" "));
        const look = () => {
          for (const element of place.querySelectorAll("*")) {
            if (!elements.has(element.nodeName)) return element.outerHTML;
            for (const { name, value } of element.attributes) {
              const allowed = given.attributes[name];
              if (allowed === undefined || (allowed && !allowed.includes(value))) return element.outerHTML;
              if (name === "href" && !/^(https?:\\/\\/|mailto:)/.test(value)) return value;
              if (name === "data-language" && !/^[\\w.+#-]+$/.test(value)) return value;
            }
          }
          return document.body.children.length === 2 ? null : "the page";
        };
        const wrong = [];
        for (const text of given.texts) {
          const markdown = fresh();
          for (let end = 1; end <= text.length; end += 1) {
            markdown.append(text[end - 1]);
            for (const isOpen of [true, false]) {
              markdown.draw(Infinity, isOpen);
              const found = look();
              if (found) wrong.push([text.slice(0, end), found]);
            }
          }
          for (const link of place.querySelectorAll("a")) {
            link.addEventListener("click", (event) => event.preventDefault());
          }
          for (const element of place.querySelectorAll("*")) element.click?.();
        }
        await new Promise((done) => setTimeout(done, 50));
        return [...wrong, ...ran];
        """,
        {"texts": HOSTILE, "elements": ELEMENTS, "attributes": ATTRIBUTES},
    )
    assert not wrong[:3]
    assert [url for url in requests if not url.startswith(f"{site}/static/")] == []
    assert page.inner_text("#after") == "After it"


def test_what_it_is_made_of(run):
    text = (
        "# One\n\n###### Six\n\nA **b** *c* ~~d~~ `e<f>` [g](http://a.example/?a=1&amp;b)  \n"
        "h &copy; &nope; AT&T &#42; <b>i</b> ![j](https://a.example/j.png) a@b.example\n\n"
        "3. k\n   - l\n\n4. m\n\n- [x] n\n- [ ] o\n\n> p\n\n---\n\n"
        "| q | r |\n|:--|--:|\n| s | t | u |\n| v |\n\n```c++ x\n<w>\n```\n\n<div>\ny\n"
    )
    link = 'rel="noopener noreferrer nofollow" part="link"'
    assert run("return stream(given, 7);", text) == (
        '<h3 part="heading">One</h3><h6 part="heading">Six</h6>'
        "<p>A <strong>b</strong> <em>c</em> <del>d</del> <code>e&lt;f&gt;</code>"
        f' <a href="http://a.example/?a=1&amp;b" {link}>g</a><br>'
        "h © &amp;nope; AT&amp;T * &lt;b&gt;i&lt;/b&gt;"
        f' <a href="https://a.example/j.png" {link}>j</a>'
        f' <a href="mailto:a@b.example" {link}>a@b.example</a></p>'
        '<ol start="3" data-loose=""><li><p>k</p><ul><li><p>l</p></li></ul></li>'
        "<li><p>m</p></li></ol>"
        '<ul><li data-task=""><p><span class="task">☑ </span>n</p></li>'
        '<li data-task=""><p><span class="task">☐ </span>o</p></li></ul>'
        '<blockquote part="quote"><p>p</p></blockquote><hr>'
        '<div class="table" part="table" tabindex="0"><table><thead><tr>'
        '<th scope="col" data-align="left">q</th><th scope="col" data-align="right">r</th>'
        '</tr></thead><tbody><tr><td data-align="left">s</td><td data-align="right">t</td></tr>'
        '<tr><td data-align="left">v</td></tr></tbody></table></div>'
        '<pre part="code" tabindex="0" data-language="c++"><code>&lt;w&gt;</code></pre>'
        '<p class="html">&lt;div&gt;\ny</p>'
    )


def test_long_lists_tables_and_code_go_on_as_others(run, page):
    """Those that are whole cost no more layout; to those who read or copy it is one."""
    shown = run(
        """
        stream("7. item\\n".repeat(250), 30);
        const lists = [...place.querySelectorAll("ol")];
        const shown = lists.map((one) => [one.start, one.childElementCount, "goesOn" in one.dataset]);
        stream("| a |\\n|---|\\n" + "| b |\\n".repeat(230), 30);
        const tables = [...place.querySelectorAll("table")];
        return [shown, tables.map((one) => [one.tHead.textContent, one.tBodies[0].rows.length])];
        """
    )
    lists = [[7, 100, False], [107, 100, True], [207, 50, True]]
    assert shown == [lists, [["a", 100], ["a", 100], ["a", 30]]]
    code = "".join(f"line {n}\n\n" for n in range(1500))
    shown = run(
        """
        stream("```\\n" + given + "```\\n", 30);
        const pre = place.querySelector("pre");
        getSelection().selectAllChildren(pre);
        return [pre.children.length, pre.textContent, getSelection().toString()];
        """,
        code,
    )
    assert shown == [2, code[:-1], code.rstrip()]


def test_what_is_selected_in_a_whole_block_stays_so(run, page):
    """And in the one that is typed, and nothing of what is whole is touched."""
    kept, typed, touched = run(
        """
        const said = new Said(place);
        said.typing = true;
        said.append("", "First *words* of it.\\n\\n```js\\nlet a;\\n```\\n\\n- item\\n- other\\n\\nNow this is");
        while (!place.querySelector(".rendered p + pre + ul + p")) await new Promise(requestAnimationFrame);
        const [first, , , last] = place.firstChild.firstChild.children;
        const touched = [];
        const observer = new MutationObserver((records) => touched.push(...records.map((r) => r.target.nodeName)));
        for (const block of [...place.firstChild.firstChild.children].slice(0, 3)) {
          observer.observe(block, { childList: true, characterData: true, attributes: true, subtree: true });
        }
        const selection = getSelection();
        const select = (node) => selection.setBaseAndExtent(node, 1, node, 4);
        select(first.querySelector("em").firstChild);
        const more = (n) => said.append("", pick([" more", " **bold**", " `x`", "\\n\\n# h\\n\\n", "\\n- a", "\\n```\\nb"]));
        for (let n = 0; n < 200; n += 1) { more(); said.draw(); }
        const kept = selection.toString();
        said.clear();
        said.append("", "Words");
        said.draw();
        select(place.querySelector("p").firstChild);
        for (let n = 0; n < 50; n += 1) { said.append("", " and **more"); said.draw(); }
        await new Promise(requestAnimationFrame);
        return [kept, selection.toString(), touched];
        """
    )
    assert (kept, typed, touched) == ("ord", "ord", [])


def test_a_frame_of_a_long_text_is_no_more_work_than_one_of_a_short(run):
    """Of 200 kB of each kind, in what is read and made for twenty characters more."""
    found = run(
        """
        let read = 0;
        let made = 0;
        const { lex } = Lexer.prototype;
        Lexer.prototype.lex = function (source) { read += source.length; return lex.call(this, source); };
        const { createElement } = document;
        document.createElement = (name) => { made += 1; return createElement.call(document, name); };
        const kinds = {
          code: ["```py\\n", "result = compute(first, **others)  # what comes\\n"],
          list: ["", "- an **item** with `code` and a [link](http://a.example/)\\n"],
          table: ["| a | b |\\n|---|---|\\n", "| **one** | two and `three` |\\n"],
          prose: ["", "A sentence of **some** words, and *another*. ".repeat(9) + "\\n\\n"],
          one: ["", "A sentence of **some** words, and *another*. "],
        };
        const found = {};
        for (const [kind, [begin, more]] of Object.entries(kinds)) {
          const markdown = fresh();
          markdown.append(begin + more.repeat(Math.ceil(200_000 / more.length)));
          markdown.draw(Infinity, true);
          const most = [0, 0, 0];
          for (let at = 0; at < 400; at += 20) {
            read = made = 0;
            const begun = performance.now();
            markdown.append(more.repeat(40).slice(at, at + 20));
            markdown.draw(Infinity, true);
            const took = performance.now() - begun;
            [read, made, took].forEach((value, i) => (most[i] = Math.max(most[i], value)));
          }
          found[kind] = most;
        }
        Lexer.prototype.lex = lex;
        delete document.createElement;
        return found;
        """
    )
    print(json.dumps(found))
    # Twice, if it turns out that a block ends: the longest that is read, in a paragraph.
    assert all(read <= 2 * 16_400 for read, _, _ in found.values())
    for kind in set(found) - {"one"}:
        read, made, _ = found[kind]
        assert (kind, read < 2_500, made < 150) == (kind, True, True)


def test_plain_raw_and_rendered_of_what_was_said_and_paused(run):
    shown = run(
        """
        const said = new Said(place);
        const shown = [];
        const note = () => { said.draw(); shown.push(place.innerHTML.replaceAll(/ part="\\w+"/g, "")); };
        said.append("reasoning", "Hm\\r\\n");
        said.append("", "*a*\\tb\\u202e");
        said.append("tool", "f(*1*)");
        said.append("tool", "g()");
        said.mode = "plain";
        note();
        said.mode = "raw";
        note();
        said.paused = true;
        said.append("", "more");
        note();
        said.mode = "rendered";
        while (!place.querySelector(".rendered + span")) await new Promise(requestAnimationFrame);
        note();
        said.paused = false;
        note();
        shown.push(said.text);
        return shown;
        """
    )
    tools = '<span class="tool">f(*1*)</span><span class="tool">g()</span>'
    raw = f'<span class="reasoning">Hm␍␊\n</span><span>*a*␉b‹U+202E›</span>{tools}'
    rendered = (
        '<div class="reasoning rendered"><div><p>Hm</p></div></div>'
        f'<div class="rendered"><div><p><em>a</em>\tb\u202e</p></div></div>{tools}'
    )
    assert shown == [
        f'<span class="reasoning">Hm\r\n</span><span>*a*\tb\u202e</span>{tools}',
        raw,
        raw,
        rendered,
        f'{rendered}<div class="rendered"><div><p>more</p></div></div>',
        "*a*\tb\u202emore",
    ]


def test_less_motion_is_whole_sentences_once_a_second(run, page):
    page.emulate_media(reduced_motion="reduce")
    page.clock.install(time=datetime(2026, 1, 1))
    page.reload()
    page.clock.pause_at(datetime(2026, 1, 2))
    run(
        """
        window.said = new Said(place);
        said.mode = "plain";
        said.typing = true;
        """
    )
    place = page.locator("#said")
    say = "text => said.append('', text)"
    page.evaluate(say, "One. Two and")
    page.clock.run_for(900)
    assert place.text_content() == ""
    page.clock.run_for(200)
    assert place.text_content() == "One. "
    page.evaluate(say, " a half. 三。Four")
    page.clock.run_for(1000)
    assert place.text_content() == "One. Two and a half. 三。"
    # Nothing more comes, so that is all there is.
    page.clock.run_for(1000)
    assert place.text_content() == "One. Two and a half. 三。Four"
    page.evaluate("said.asItArrives = true")
    page.evaluate(say, " and five")
    page.clock.run_for(50)
    assert place.text_content().endswith("Four and five")
    page.evaluate("said.asItArrives = false")
    page.evaluate(say, " and")
    page.evaluate("said.typing = false")
    assert place.text_content().endswith("five and")


def test_an_element_loads_what_renders_only_where_that_is_wanted(run, page, site):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.evaluate(
        """async (site) => {
          await import(`${site}/static/streams/stream-player.js`);
          const player = document.createElement("stream-player");
          player.setAttribute("src", `${site}/streams/markdown-answer/events?speed=10`);
          player.setAttribute("lane", "fetch");
          document.body.append(player);
          player.play();
        }""",
        site,
    )
    player = page.locator("stream-player")
    expect(player.get_by_role("status")).to_contain_text("Done", timeout=10_000)
    assert not any("marked" in url for url in requests)
    assert player.locator("[part=answer]").inner_text().startswith("#")
    player.evaluate("player => player.setAttribute('markdown', '')")
    expect(player.locator("[part=answer] [part=heading]").first).to_be_visible()
    assert any("marked" in url for url in requests)
    assert player.locator("pre[part=code]").count()
