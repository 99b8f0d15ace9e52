"""trusted-types.js: Django's admin works where strings may not become HTML, and only it."""

import re

from playwright.sync_api import expect

# What jQuery, Select2 and the admin's own scripts pass, and its like.
HARMLESS = [
    "",
    "<textarea>x</textarea>",
    "<option></option>",
    "<form></form><form></form>",
    '<ul class="results" role="listbox" aria-label="x"><li tabindex="-1">1 &lt; 2</li></ul>',
    '<table><tbody><tr class="add-row"><td colspan="3"><a role="button" href="#">+</a></td></tr></tbody></table>',
    '<a href="/admin/?q=%3Cb%3E" title="&quot;">x</a>',
    '<a href="mailto:ann@example.org">x</a>',
    '<select id="a" data-x="y"><optgroup label="b"><option selected="">c</option></optgroup></select>',
]

RUN = "alert(1)"
HOSTILE = [
    f"<img src=x onerror={RUN}>",
    f"<script>{RUN}</script>",
    f"<svg onload={RUN}>",
    f"<div onclick={RUN}>x</div>",
    f"<a href='javascript:{RUN}'>x</a>",
    f"<a href=' JaVa&#10;Script&colon;{RUN}'>x</a>",
    f"<a href='data:text/html,<script>{RUN}</script>'>x</a>",
    f"<form action='javascript:{RUN}'></form>",
    f"<button formaction='javascript:{RUN}'>x</button>",
    f"<iframe srcdoc='<script>{RUN}</script>'></iframe>",
    "<iframe src=//example.org></iframe>",
    "<base href=//example.org>",
    "<meta http-equiv=refresh content=0>",
    "<link rel=stylesheet href=x>",
    "<object data=x></object>",
    "<input type=image src=x>",
    "<p style='position:fixed'>x</p>",
    "<custom-element></custom-element>",
    # Text here, and elements elsewhere: in an SVG, or where what is around them ends.
    f"<style><img src=x onerror={RUN}></style>",
    f"<textarea><img src=x onerror={RUN}></textarea>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'></noscript>",
    f"<!--<img src=x onerror={RUN}>-->",
    f"<![CDATA[><img src=x onerror={RUN}>]]>",
    f"<p title='<img src=x onerror={RUN}>'>x</p>",
    f"<math><mtext><mglyph><style><!--</style><img title='--><img src=x onerror={RUN}>'>",
    # Elements elsewhere, and nothing here.
    f"<body onload={RUN}></p>",
    f"<select><img src=x onerror={RUN}></select>",
    f"<form><form onsubmit={RUN}></form></form>",
]

TRY = """(texts) => {
  const svg = "http://www.w3.org/2000/svg";
  const places = () => [
    ...["div", "select", "textarea", "table", "style", "html"].map((name) => document.createElement(name)),
    ...["svg", "title", "foreignObject"].map((name) => document.createElementNS(svg, name)),
  ];
  const ways = [
    ...places().map((place) => (text) => (place.innerHTML = text)),
    (text) => document.body.insertAdjacentHTML("beforeend", text),
    (text) => document.createRange().createContextualFragment(text),
    (text) => new DOMParser().parseFromString(text, "text/html"),
  ];
  const passes = (way, text) => {
    try {
      way(text);
      return true;
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  };
  return texts.map((text) => ways.filter((way) => passes(way, text)).length / ways.length);
}"""
SCRIPTS = """() => {
  const refused = [];
  const script = document.createElement("script");
  for (const [name, value] of [["text", "alert(1)"], ["src", "/static/streams/sse.js"]]) {
    try { script[name] = value; } catch { refused.push(name); }
  }
  try { trustedTypes.createPolicy("another", {}); } catch { refused.push("policy"); }
  return refused;
}"""


def test_markup_that_could_run_something_is_refused_everywhere(page, site):
    page.goto(f"{site}/admin/login/")
    alerts = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    passed = dict(zip(HOSTILE, page.evaluate(TRY, HOSTILE), strict=True))
    assert {text: share for text, share in passed.items() if share} == {}
    assert page.evaluate(SCRIPTS) == ["text", "src", "policy"]
    assert alerts == []
    # The browser reports each of them, and the script says why.
    assert any("refuses markup with <img>" in words for words in page.troubles)
    page.troubles.clear()
    passed = dict(zip(HARMLESS, page.evaluate(TRY, HARMLESS), strict=True))
    assert {text: share for text, share in passed.items() if share < 1} == {}
    # One of the places is a select, and Chromium notes what it holds.
    page.troubles[:] = [words for words in page.troubles if "<select>" not in words]


def test_the_admins_own_scripts_work_and_their_fields_have_names(page, site, sign_in):
    page.goto(f"{site}/admin/streams/stream/add/")
    script = page.get_by_role("combobox", name="Script", exact=False).first
    script.click()
    page.keyboard.type("torture")
    page.get_by_role("option", name=re.compile("torture text")).click()
    expect(script).to_have_text(re.compile("torture text"))
    # Of the title, the slug is made.
    page.locator("#id_title").press_sequentially("My own")
    expect(page.locator("#id_slug")).to_have_value("my-own")
    page.get_by_role("button", name="Add another rule").click()
    rule = page.locator("#rules-0")
    expect(rule).to_be_visible()
    # That of a row that was added, too.
    expect(rule.get_by_role("combobox", name=re.compile("Answers with"))).to_have_count(
        2
    )
