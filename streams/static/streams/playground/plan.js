/** What a stream is going to send, and when. */

const LONGEST_WAIT = 3000;

/**
 * Ask for the plan; return null where there is none in time: then nothing is compared.
 * @param {string} url
 * @param {Record<string, string>} parameters  of the play
 */
export async function fetchPlan(url, parameters) {
  try {
    const response = await fetch(url, {
      // Not in the address: a prompt may be long, and is no server's to write down.
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(parameters),
      signal: AbortSignal.timeout(LONGEST_WAIT),
    });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
