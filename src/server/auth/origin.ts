import type { FastifyRequest } from 'fastify';

/** Whether the browser talks to us by https; then cookies go that way alone. */
export function isSecure(request: FastifyRequest, publicUrl: string | undefined): boolean {
  return request.protocol === 'https' || publicUrl?.startsWith('https:') === true;
}

/** Where the browser finds us. */
export function baseUrl(request: FastifyRequest, publicUrl: string | undefined): string {
  return (publicUrl ?? `${request.protocol}://${request.host}`).replace(/\/+$/, '');
}

/**
 * Whether a request comes from our own pages, as far as the browser says: `Origin` and, where it knows it,
 * `Sec-Fetch-Site`. Programs say neither. The scheme does not count: a proxy may have ended the https.
 */
export function isSameOrigin(request: FastifyRequest, publicUrl: string | undefined): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site') return false;
  const { origin } = request.headers;
  if (origin === undefined) return true;
  const host = hostOf(origin);
  if (host === undefined) return false;
  return host === hostOf(`http://${request.host}`) || host === hostOf(publicUrl ?? '');
}

/** With the port, unless it is the scheme's own; undefined for what is no URL, such as the origin `null`. */
function hostOf(url: string): string | undefined {
  return URL.parse(url)?.host || undefined;
}

/** Whether other machines reach us, and nothing says that they do so by https. */
export function isExposed(host: string, publicUrl: string | undefined): boolean {
  const isOwn = host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
  return !isOwn && !publicUrl?.startsWith('https:');
}
