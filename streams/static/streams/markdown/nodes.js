/** Tokens as nodes of a page: these elements and attributes and no others, text as text. */

const SCHEMES = new Set(["http:", "https:", "mailto:"]);

// An HTML parser would know all 2,000; these are what people and models write.
const ENTITIES = {
  amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", shy: "\u00ad",
  copy: "©", reg: "®", trade: "™", deg: "°", plusmn: "±", micro: "µ", para: "¶", sect: "§",
  middot: "·", bull: "•", hellip: "…", ndash: "–", mdash: "—", minus: "−", times: "×",
  divide: "÷", ne: "≠", le: "≤", ge: "≥", asymp: "≈", infin: "∞", radic: "√", sum: "∑",
  larr: "←", uarr: "↑", rarr: "→", darr: "↓", harr: "↔", rArr: "⇒", hArr: "⇔",
  laquo: "«", raquo: "»", lsquo: "‘", rsquo: "’", ldquo: "“", rdquo: "”", bdquo: "„",
  cent: "¢", pound: "£", yen: "¥", euro: "€", frac12: "½", frac14: "¼", frac34: "¾",
  sup2: "²", sup3: "³", alpha: "α", beta: "β", gamma: "γ", delta: "δ", lambda: "λ",
  mu: "μ", pi: "π", sigma: "σ", omega: "ω", Delta: "Δ", Sigma: "Σ", Omega: "Ω",
  check: "✓", hearts: "♥", emsp: "\u2003", ensp: "\u2002", thinsp: "\u2009", zwj: "\u200d",
};

/** @returns {Node[]} */
export function blocks(tokens) {
  return tokens.flatMap(block);
}

/** The items of a list's token. @returns {Element[]} */
export function items(list) {
  return list.items.map(item);
}

/** The rows of a table's token, without its header. @returns {Element[]} */
export function rows(table) {
  return table.rows.map((cells) => {
    // Those that nobody wrote are left out.
    const last = cells.findLastIndex((cell) => cell.text);
    return row("td", cells.slice(0, last + 1));
  });
}

function block(token) {
  switch (token.type) {
    case "space":
    case "def":
    case "checkbox":
      return [];
    case "heading":
      // A page has headings of its own, up to the second order.
      return make(`h${Math.min(token.depth + 2, 6)}`, { part: "heading" }, inline(token.tokens));
    case "code":
      return code(token);
    case "blockquote":
      return make("blockquote", { part: "quote" }, blocks(token.tokens));
    case "list": {
      const list = make(token.ordered ? "ol" : "ul", {}, items(token));
      if (token.ordered && token.start !== 1) list.start = token.start;
      list.toggleAttribute("data-loose", token.loose);
      // Where numbers need more room than others.
      list.toggleAttribute("data-far", token.ordered && token.start > 900);
      list.toggleAttribute("data-goes-on", Boolean(token.goesOn));
      return list;
    }
    case "table": {
      const head = make("thead", {}, [row("th", token.header)]);
      const table = make("table", {}, [head, make("tbody", {}, rows(token))]);
      // What scrolls has to be within reach of the keyboard.
      return make("div", { class: "table", part: "table", tabindex: "0" }, [table]);
    }
    case "hr":
      return make("hr");
    case "html":
      return make("p", { class: "html" }, [token.text.replace(/\n+$/, "")]);
    default:
      return make("p", {}, inline(token.tokens ?? [token]));
  }
}

function item(token) {
  const inside = blocks(token.tokens);
  if (!token.task) return make("li", {}, inside);
  const mark = make("span", { class: "task" }, [token.checked ? "☑ " : "☐ "]);
  if (inside[0]?.nodeName === "P") inside[0].prepend(mark);
  else inside.unshift(mark);
  return make("li", { "data-task": "" }, inside);
}

function code(token) {
  const language = /^[\w.+#-]{1,30}/.exec(token.lang ?? "")?.[0];
  const attributes = { part: "code", tabindex: "0" };
  if (language) attributes["data-language"] = language;
  const text = make("code");
  // Even without text there is a node for what comes.
  text.append(token.text.replace(/\n$/, ""));
  return make("pre", attributes, [text]);
}

function row(name, cells) {
  const made = cells.map((cell) => {
    const attributes = name === "th" ? { scope: "col" } : {};
    if (cell.align) attributes["data-align"] = cell.align;
    return make(name, attributes, inline(cell.tokens));
  });
  return make("tr", {}, made);
}

/** @returns {(Node | string)[]} */
function inline(tokens, isLink = false) {
  return tokens.flatMap((token) => {
    switch (token.type) {
      case "strong":
      case "em":
      case "del":
        return make(token.type, {}, inline(token.tokens, isLink));
      case "codespan":
        return make("code", {}, [token.text]);
      case "br":
        return make("br");
      case "link":
        return link(token.href, inline(token.tokens, true), isLink);
      case "image":
        // Never loaded: whoever wrote the text would learn who reads it.
        return link(token.href, [decoded(token.text) || token.href], isLink);
      case "escape":
        return token.text;
      case "checkbox":
        return [];
      case "text":
        return token.escaped ? token.text : decoded(token.text);
      default:
        return token.raw;
    }
  });
}

function link(address, inside, isLink) {
  const href = isLink ? null : harmless(address);
  if (!href) return inside;
  return make("a", { href, rel: "noopener noreferrer nofollow", part: "link" }, inside);
}

function harmless(address) {
  try {
    const url = new URL(decoded(address));
    return SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function decoded(text) {
  return text.replace(
    /&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([a-zA-Z][a-zA-Z\d]{1,9}));/g,
    (written, decimal, hexadecimal, name) => {
      if (name) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : written;
      const number = decimal ? parseInt(decimal, 10) : parseInt(hexadecimal, 16);
      const isCharacter = number && number < 0x110000 && (number & 0x1ff800) !== 0xd800;
      return isCharacter ? String.fromCodePoint(number) : "\ufffd";
    },
  );
}

function make(name, attributes = {}, children = []) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  // Neighbouring strings become one node, which can grow.
  let text = "";
  for (const child of children) {
    if (typeof child === "string") {
      text += child;
      continue;
    }
    if (text) element.append(text);
    text = "";
    element.append(child);
  }
  if (text) element.append(text);
  return element;
}
