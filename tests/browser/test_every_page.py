"""Every page of the demo site, signed in and not, Django's admin around ours included:
its policy, its width on a phone, its words in Chinese, and what axe has against it."""

import re
import struct
from contextlib import suppress

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser import content
from tests.browser.conftest import troubles_of
from tests.conftest import cannot_run
from tests.processes import ROOT, eventually
from tests.servers import journal_rows

STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none';"
    " require-trusted-types-for 'script'"
)
# What else the site may say: neither lets anything in.
FURTHER = {"frame-ancestors", "trusted-types"}

PUBLIC = {
    "the demo": "/",
    "transports compared": "/compare",
    "the playground": "/streams/",
    "a stream to play": "/streams/greeting-zh/?delay_ms=1&unit=sentence",
    "a stream over three transports": "/streams/greeting-zh/?lane=all&unit=word&delay_ms=1",
    "an awkward stream": "/streams/torture-zh/?delay_ms=0&unit=line",
    "a page that is missing": "/streams/no-such-stream/",
    "signing in": "/admin/login/",
}

STATUS = {"a page that is missing": 404, "a page that is forbidden": 403}

# What scripts do that Django or its libraries bring, on its own pages as on ours.
DJANGOS = [".breadcrumbs", "#changelist-search"]

AXE = ROOT / "tests/clients/js/node_modules/axe-core/axe.min.js"
LOOK = """async ([exclude, options]) => {
  const context = { include: [["html"]], exclude: exclude.map((selector) => [selector]) };
  // What fades from one colour to another has none for a while.
  const still = new CSSStyleSheet();
  still.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important }");
  document.adoptedStyleSheets = [still];
  const { violations } = await axe.run(context, options);
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary.replace(/\\s+/g, " ")}`));
}"""
CONTRAST = {"runOnly": ["color-contrast"]}
# What has colours of our own in the admin.
COLOURED = [
    ".preview",
    ".diff",
    ".import-count",
    ".results",
    ".statistics",
    ".run-control",
]

# What has markup or colours of its own; axe sees all the rest once, in Chinese and dark.
IN_LIGHT = {
    "the demo",
    "transports compared",
    "the playground",
    "a stream over three transports",
    "a page that is missing",
    "a script",
    "its second revision",
    "what an import would do",
    "streams",
    "a stream",
    "an explanation",
    "statistics",
    "a run",
    "a new key",
}

# For their width; with three lanes there is all that one has.
ONE_LANE = {"a stream to play", "an awkward stream"}

# Details are opened: what they hold is read, too.
READ = """() => {
  const silent = "script, style, code, pre, kbd, textarea, noscript, .diff, [translate=no], [lang=en]," +
    " [role=log] tbody, #user-tools strong, #changelist-search";
  for (const details of document.querySelectorAll("details")) details.open = true;
  const texts = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement;
    const shown = (element.closest("select") ?? element).checkVisibility();
    if (shown && !element.closest(silent)) texts.push(node.data);
  }
  for (const element of document.querySelectorAll("*")) {
    if (element.closest(silent)) continue;
    for (const name of ["alt", "aria-label", "placeholder", "title"]) {
      texts.push(element.getAttribute(name) ?? "");
    }
    if (element.matches("input[type=submit], input[type=button]")) texts.push(element.value);
  }
  return texts.map((text) => text.trim().replace(/\\s+/g, " ")).filter(Boolean);
}"""

OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
TELL = """addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
  console.error(`policy: ${violatedDirective} ${blockedURI} ${sample}`));"""


# What is done on a page before it is looked at


def play(page):
    page.click("form button[type=submit]")
    page.wait_for_selector("[data-phase=done]")


def play_and_stop(page):
    page.click("form button[type=submit]")
    page.wait_for_selector("[data-phase=streaming]")
    page.click("[data-stop]")


def play_all_three(page):
    page.click("form button[type=submit]")
    expect(page.locator("[data-phase=done]")).to_have_count(3)
    page.keyboard.press("t")


def preview(page):
    expect(page.locator("[data-preview] [data-line]")).not_to_be_empty()


def make_a_mistake(page):
    page.fill("#id_title", "错")
    page.fill("#id_body", "<!-- stream: puase -->")
    page.click("input[name=_save]")
    page.wait_for_selector(".errorlist")


def upload(page):
    file = {
        "name": "greeting-zh.md",
        "mimeType": "text/markdown",
        "buffer": "---\ntitle: 问候\n---\n你好。\n".encode(),
    }
    page.set_input_files("input[type=file]", file)
    page.click("input.default")
    page.wait_for_selector("#found")


def explain(page):
    page.click("input.default")
    page.wait_for_selector("#answer")


def issue(page):
    page.fill("#id_name", "新钥匙")
    page.click("input[name=_save]")
    page.wait_for_selector(".secret")


ACTS = {
    "the demo": play_and_stop,
    "a stream to play": play,
    "a stream over three transports": play_all_three,
    "an awkward stream": play,
    "a script": preview,
    "a stream": preview,
    "a script with a mistake": make_a_mistake,
    "what an import would do": upload,
    "an explanation": explain,
    "a new key": issue,
}


@pytest.fixture(scope="module")
def playing(sites):
    """A run that plays for as long as this file's tests do."""
    url = f"{sites['daphne']}/streams/greeting-zh/events?delay_ms=15000&ttft_ms=0"
    with httpx.Client() as client, client.stream("GET", url, timeout=30) as response:
        yield response.headers["X-Stream-Run"]


@pytest.fixture(scope="module")
def admin_pages(project, playing):
    def find():
        assert project.call(journal_rows.rows, [playing])

    eventually(find)
    return project.call(content.make_one_of_everything, playing)


@pytest.fixture(scope="module")
def cookies(chromium, sites):
    """Those of somebody who may do everything."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{sites['daphne']}/admin/login/?next=/admin/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "demo")
    page.click("input[type=submit]")
    page.wait_for_url("**/admin/")
    cookies = context.cookies()
    context.close()
    return cookies


@pytest.fixture
def walk(chromium, sites, admin_pages, cookies):
    """Return a function that goes to every page, and says what is wrong with them."""

    def walk(look, *, where=lambda name: True, **options):
        context = chromium.new_context(**options)
        context.add_init_script(TELL)
        if options.get("bypass_csp"):
            context.add_init_script(path=AXE)
        page = context.new_page()
        page.set_default_timeout(15_000)
        said = troubles_of(page)
        wrong = []
        for pages in (PUBLIC, admin_pages):
            for name, path in pages.items():
                if not where(name):
                    continue
                said.clear()
                response = page.goto(sites["daphne"] + path)
                status = STATUS.get(name, 200)
                if response.status != status:
                    said.append(f"status {response.status}")
                with suppress(KeyError):
                    ACTS[name](page)
                found = look(page, response)
                # Chromium notes what a page was answered with.
                noted = f"responded with a status of {status}"
                found += [words for words in said if noted not in words]
                wrong += [f"{name}: {words}" for words in dict.fromkeys(found)]
            context.add_cookies(cookies)
        context.close()
        assert not wrong, "\n".join(wrong)

    return walk


def parsed(policy):
    parts = [part.split() for part in policy.split(";")]
    return {part[0]: part[1:] for part in parts if part}


def test_no_page_breaks_a_strict_policy_or_scrolls_sideways_at_320_pixels(walk):
    """The site itself sends the policy, so other tests of its pages run under it, too:
    streams over all transports, and the admin's preview."""
    strict = parsed(STRICT)

    def look(page, response):
        found = []
        policy = parsed(response.headers.get("content-security-policy", ""))
        if {name: policy.get(name) for name in strict} != strict:
            found.append(f"its policy is {policy}")
        if more := policy.keys() - strict.keys() - FURTHER:
            found.append(f"its policy has {more}")
        if (over := page.evaluate(OVERFLOW)) > 0:
            found.append(f"{over} pixels wider than the window")
        return found

    walk(look, viewport={"width": 320, "height": 640})


@pytest.fixture
def axe():
    if not AXE.exists():
        cannot_run("no axe-core: run `make programs`")


def against_the_system(page):
    """Look at the contrasts of the theme that somebody chose in the admin."""
    found = []
    for system, chosen in (("light", "dark"), ("dark", "light")):
        page.emulate_media(color_scheme=system)
        page.evaluate("(it) => (document.documentElement.dataset.theme = it)", chosen)
        found += page.evaluate(LOOK, [DJANGOS, CONTRAST])
    page.emulate_media(color_scheme="light")
    return found


def test_axe_finds_nothing_serious_in_english_and_light(walk, axe):
    def look(page, _response):
        found = page.evaluate(LOOK, [DJANGOS, {}])
        if page.locator(", ".join(COLOURED)).count():
            found += against_the_system(page)
        return found

    size = {"width": 1200, "height": 800}
    walk(look, where=IN_LIGHT.__contains__, bypass_csp=True, viewport=size)


def test_in_chinese_and_dark_neither_and_nothing_is_left_in_english(walk, axe, project):
    ours = english_of_ours()
    # A wire format's name, and what people wrote.
    written = ["plain", *sorted(project.call(content.titles), key=len, reverse=True)]
    seen = set()

    def look(page, _response):
        texts = page.evaluate(READ)
        seen.update(texts)
        found = [f"in English: {text}" for text in left_of(ours, texts, written)]
        return found + page.evaluate(LOOK, [DJANGOS, {}])

    walk(
        look,
        where=lambda name: name not in ONE_LANE,
        bypass_csp=True,
        locale="zh-CN",
        color_scheme="dark",
        # A phone's, where other things scroll.
        viewport={"width": 360, "height": 740},
    )
    # What was read is there: written by the server, by scripts, and in attributes.
    assert {"播放", "预览", "脚本"} <= seen


# Our catalogs


def english_of_ours():
    """Return the pieces of English that our catalogs have Chinese for."""
    pieces, chinese = set(), ""
    for app in ("streams", "streamsite"):
        path = ROOT / app / "locale/zh_Hans/LC_MESSAGES/django.mo"
        for text, translation in read_catalog(path.read_bytes()):
            chinese += translation.casefold()
            # Values and tags part it: what is between them is in the page as it is.
            for piece in re.split(r"%\(\w+\)\d*[sd]|%%|\[\w+\]|<[^>]+>|&\w+;", text):
                piece = piece.strip(" .,:;!?…·“”()\n").casefold()
                if len(re.findall("[a-z]", piece)) > 3:
                    pieces.add(piece)
    # Some words stay as they are: EventSource, API key.
    pieces = {piece for piece in pieces if piece not in chinese}
    assert len(pieces) > 500
    return pieces


def read_catalog(data):
    """Read what msgfmt wrote: each text, its plural as well, with its translation."""
    count, originals, translations = struct.unpack_from("<III", data, 8)

    def read(table, number):
        length, start = struct.unpack_from("<II", data, table + 8 * number)
        return data[start : start + length].decode()

    for number in range(1, count):
        translation = read(translations, number)
        for text in read(originals, number).rpartition("\x04")[2].split("\0"):
            yield text, translation


def left_of(pieces, texts, written):
    """Return which texts have such a piece, one word only where it is the whole text."""
    left = []
    for text in texts:
        shown = text
        for name in written:
            shown = shown.replace(name, "")
        shown = shown.casefold().strip(" .,:;!?…·“”()▶■↑↓")
        if any(p == shown or (" " in p and p in shown) for p in pieces):
            left.append(text)
    return left
