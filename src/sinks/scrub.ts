/** Takes the secrets out of a text. */
export type Scrub = (text: string) => string;

/**
 * Replaces every secret in a text that came from outside, also where it was escaped for a URL, for HTML, or for JSON
 * once or twice: a text in JSON may quote JSON.
 */
export function scrubOf(secrets: readonly string[]): Scrub {
  const written = new Set(
    secrets.flatMap((each) => [
      each,
      encodeURIComponent(each),
      inJson(each),
      inJson(inJson(each)),
      inHtml(each),
      inHtml(inJson(each)),
    ]),
  );
  // The longest first: one secret may be a part of another.
  const ordered = [...written].toSorted((a, b) => b.length - a.length);
  return (text) => ordered.reduce((out, each) => out.replaceAll(each, '***'), text);
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function inHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
