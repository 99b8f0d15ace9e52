/**
 * Gives the admin's fields that search while one types the names of their labels: the
 * select that a label belongs to is hidden by Select2, and what is shown has no name.
 */

"use strict";

{
  const nameAll = () => {
    for (const select of document.querySelectorAll("select.admin-autocomplete")) {
      // Of several in a row, the first has the label.
      const first = select.id.replace(/_\d+$/, "");
      const label = select.labels[0] ?? document.getElementById(first)?.labels[0];
      const shown = select.nextElementSibling?.querySelector(".select2-selection");
      if (!label || !shown) continue;
      label.id ||= `${select.id}_label`;
      // A single choice is named by what is chosen; one of several by nothing.
      const names = new Set([label.id, ...(shown.getAttribute("aria-labelledby") ?? "").split(" ")]);
      shown.setAttribute("aria-labelledby", [...names].join(" ").trim());
      // In it there is a text that one reads, or one that one writes.
      for (const inner of shown.querySelectorAll("[role=textbox], [role=searchbox]")) {
        inner.setAttribute("aria-labelledby", label.id);
      }
    }
  };
  // Select2 comes with what jQuery does when the page is ready, each in its own turn.
  document.addEventListener("DOMContentLoaded", () => {
    window.django?.jQuery?.(() => setTimeout(nameAll));
  });
  document.addEventListener("formset:added", () => setTimeout(nameAll));
}
