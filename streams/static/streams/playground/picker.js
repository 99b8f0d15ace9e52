/** Another stream, with the settings of this one; without JavaScript the form searches. */

/**
 * @param {HTMLFormElement} form  its field has a list of slugs
 * @param {() => URL} here  the address of this page, with all that is set
 */
export function offerStreams(form, here) {
  const field = form.querySelector("[list]");

  function open(event) {
    const known = [...field.list.options].some(({ value }) => value === field.value);
    if (!known) return;
    event.preventDefault();
    const { search, hash } = here();
    const index = new URL(form.action);
    location.assign(new URL(`${encodeURIComponent(field.value)}/${search}${hash}`, index));
  }

  form.addEventListener("submit", open);
  field.addEventListener("input", (event) => {
    // Chosen from the list, not typed.
    if (event.inputType === "insertReplacementText") open(event);
  });
}
