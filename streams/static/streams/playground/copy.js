/** Copy text; return whether that was possible. Without TLS, pages have no clipboard. */
export async function copyText(text) {
  const copied = navigator.clipboard?.writeText(text);
  return (
    (await copied?.then(
      () => true,
      () => false,
    )) ?? false
  );
}
