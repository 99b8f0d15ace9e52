/** Call `changed` for whatever is typed and chosen in a form of the admin. */
export function onChange(form, changed) {
  // Select2 tells jQuery alone of its changes; jQuery hears those of others, too.
  const jQuery = window.django?.jQuery;
  if (jQuery) jQuery(form).on("input change", changed);
  else {
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
  }
}
