import type { CookieSerializeOptions } from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isSecure } from './origin.ts';

const NAME = 'sluice_session';
const FLOW_NAME = 'sluice_oidc';
const FLOW_SECONDS = 600;

/** The session id that a browser sends. */
export function sessionIdOf(request: FastifyRequest): string | undefined {
  return request.cookies[NAME];
}

/** It lasts as long as the browser stays open; its real end is in the store. */
export function giveSessionId(
  request: FastifyRequest,
  reply: FastifyReply,
  id: string,
  publicUrl: string | undefined,
): void {
  void reply.setCookie(NAME, id, options(request, publicUrl));
}

export function takeSessionId(reply: FastifyReply): void {
  void reply.clearCookie(NAME, { path: '/' });
}

/** What a sign-in by OIDC must find again when the browser comes back from the provider. */
export function giveFlow(
  request: FastifyRequest,
  reply: FastifyReply,
  flow: string,
  publicUrl: string | undefined,
): void {
  void reply.setCookie(FLOW_NAME, flow, {
    ...options(request, publicUrl),
    maxAge: FLOW_SECONDS,
  });
}

/** It is good for one answer. */
export function takeFlow(request: FastifyRequest, reply: FastifyReply): string | undefined {
  void reply.clearCookie(FLOW_NAME, { path: '/' });
  return request.cookies[FLOW_NAME];
}

/** Lax lets the links through by which people and OIDC providers come here; forms of other sites it does not. */
function options(request: FastifyRequest, publicUrl: string | undefined): CookieSerializeOptions {
  return { httpOnly: true, sameSite: 'lax', secure: isSecure(request, publicUrl), path: '/' };
}
