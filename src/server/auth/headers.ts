import type { onRequestHookHandler } from 'fastify';
import { isSecure } from './origin.ts';

/**
 * Scripts come from files of ours alone. Styles may stand in the page: the components of the dashboard write `<style>`
 * elements while they run, and no nonce can be put into a page that is a file.
 */
const POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

const HSTS = 'max-age=31536000';

/** Tells browsers what our answers may not be used for; on every answer, errors too. */
export function securityHeaders(publicUrl: string | undefined): onRequestHookHandler {
  return (request, reply, done) => {
    reply.headers(HEADERS);
    if (isSecure(request, publicUrl)) reply.header('strict-transport-security', HSTS);
    done();
  };
}
