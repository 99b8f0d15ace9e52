/**
 * Lets Django's admin run under `require-trusted-types-for 'script'`: its jQuery and its
 * Select2 make elements of strings, which that forbids. Load this before them, and not as
 * a module: docs/content-security-policy.md.
 *
 * What they pass is looked at first. Only elements and attributes of the lists below get
 * through, with addresses that run nothing, and only if every tag in the text is an
 * element where it stands. Anything else is refused, as it would be without this file.
 */

(() => {
  "use strict";

  const words = (text) => new Set(text.trim().split(/\s+/));

  const ELEMENTS = words(`
    a b br button caption code col colgroup dd div dl dt em fieldset form h1 h2 h3 h4 h5 h6
    hr i input label legend li ol optgroup option p pre select small span strong table
    tbody td textarea tfoot th thead tr ul
  `);
  const ATTRIBUTES = words(`
    autocapitalize autocomplete autocorrect checked class colspan dir disabled for href id label
    lang multiple name placeholder readonly role rowspan scope selected spellcheck tabindex
    title type value
  `);
  const FAMILIES = /^(?:aria|data)-[a-z0-9-]+$/;
  const SCHEMES = words("http: https: mailto:");

  let looking = false;

  /** Parse a text where nothing of it runs or loads. */
  function parse(html) {
    const template = document.createElement("template");
    looking = true;
    try {
      template.innerHTML = html;
    } finally {
      looking = false;
    }
    return [...template.content.querySelectorAll("*")];
  }

  /** Return what is wrong with a text, or "". */
  function find(html) {
    const elements = parse(html);
    // What is a comment, a value or plain text here may be a tag elsewhere: in an SVG,
    // say. So every "<" that could begin one has to have made its element.
    const tags = [...html.matchAll(/<([^\s/][^\s/>]*)/g)].map(([, name]) => name.toLowerCase());
    const names = elements.map((element) => element.localName);
    if (tags.join(" ") !== names.join(" ")) return "a tag that is no element, or the reverse";
    const unknown = names.find((name) => !ELEMENTS.has(name));
    if (unknown) return `<${unknown}>`;
    for (const { name, value } of elements.flatMap((element) => [...element.attributes])) {
      if (!ATTRIBUTES.has(name) && !FAMILIES.test(name)) return `the attribute ${name}`;
      if (name === "href" && !leadsSomewhere(value)) return `href="${value}"`;
    }
    return "";
  }

  /** Tell whether following an address runs nothing. */
  function leadsSomewhere(address) {
    try {
      return SCHEMES.has(new URL(address, document.baseURI).protocol);
    } catch {
      return false;
    }
  }

  // A page has one default policy: another one's stays.
  if (!window.trustedTypes || trustedTypes.defaultPolicy) return;
  trustedTypes.createPolicy("default", {
    createHTML(html) {
      const wrong = looking ? "" : find(html);
      if (!wrong) return html;
      console.warn(`streams/trusted-types.js refuses markup with ${wrong}`);
      // The browser reports it, and throws.
      return null;
    },
  });
})();
