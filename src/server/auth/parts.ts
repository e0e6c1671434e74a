import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Access, SessionStart } from '../../core/access.ts';
import type { Log } from '../../core/log.ts';
import { giveSessionId, sessionIdOf } from './cookie.ts';
import type { Guard } from './guard.ts';
import { createPasswordCheck } from './password.ts';
import { csrfOf, digestOf, newSecret } from './secrets.ts';
import type { SignedIn } from './shapes.ts';
import { createThrottle } from './throttle.ts';
import { problem } from '../problem.ts';

export interface AccessRoutesOptions {
  readonly access: Access;
  readonly guard: Guard;
  readonly log: Log;
  readonly version: string;
  readonly publicUrl: string | undefined;
  /** Sign-in by OIDC is offered. */
  readonly oidc: boolean;
  readonly now: () => number;
}

/** What the routes of access share. */
export interface Parts extends AccessRoutesOptions {
  /** Begins a session, ends the one this browser had, and gives what GET /session would. */
  signIn(
    request: FastifyRequest,
    reply: FastifyReply,
    name: string,
    start: SessionStart,
  ): Promise<SignedIn>;
  /** Whether a password is right, at a bounded pace. Throws the problem `throttled`. */
  isPassword(request: FastifyRequest, name: string, password: string): Promise<boolean>;
}

export function createParts(options: AccessRoutesOptions): Parts {
  const { access, guard, log, version, publicUrl, oidc, now } = options;
  const throttle = createThrottle(now);
  const passwords = createPasswordCheck();
  return {
    ...options,
    async signIn(request, reply, name, start) {
      const user = await access.users.get(name);
      if (!user || user.disabled) throw problem(403, 'forbidden', 'This user is disabled');
      const before = sessionIdOf(request);
      if (before !== undefined) await access.sessions.end(digestOf(before));
      const id = newSecret();
      await access.sessions.begin(digestOf(id), user.name, start, now());
      giveSessionId(request, reply, id, publicUrl);
      const actor = { name: user.name, role: user.role, via: 'session' } as const;
      await guard.audit(actor, 'sign in', user.name, `by ${start}`);
      return {
        state: 'signed-in',
        user: { name: user.name, role: user.role },
        csrf: csrfOf(id),
        passwordNeeded: start === 'link',
        version,
        oidc,
      };
    },
    async isPassword(request, name, password) {
      const attempt = throttle.attempt(name, request.ip);
      if ('waitMs' in attempt) {
        log.warn('sign-in slowed down: too many wrong passwords', { address: request.ip });
        throw throttled(attempt.waitMs);
      }
      const isRight = await passwords.verify(password, await access.users.passwordHash(name));
      if (isRight === undefined) throw throttled(1000);
      const user = await access.users.get(name);
      const isIn = isRight && user?.disabled === false;
      if (isIn) attempt.succeeded();
      // Of names only those that are users': somebody may have typed a password in the wrong place.
      else log.warn('sign-in refused', { address: request.ip, user: user?.name });
      return isIn;
    },
  };
}

function throttled(waitMs: number): Error {
  const seconds = Math.ceil(waitMs / 1000);
  return problem(429, 'throttled', `Too many tries; wait ${seconds} s`, {
    headers: { 'retry-after': String(seconds) },
  });
}
