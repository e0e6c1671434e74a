import type {
  FastifyInstance,
  FastifyRequest,
  onRequestHookHandler,
  preHandlerHookHandler,
} from 'fastify';
import { type Access, type Actor, mayActAs, type Role, type Session } from '../../core/access.ts';
import type { Log } from '../../core/log.ts';
import { problem, type Problem } from '../problem.ts';
import { sessionIdOf } from './cookie.ts';
import { isSameOrigin } from './origin.ts';
import { csrfOf, digestOf, isSame } from './secrets.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Needs no sign-in. */
    open?: boolean;
  }
}

export interface GuardOptions {
  readonly access: Access;
  readonly log: Log;
  readonly publicUrl: string | undefined;
  readonly now: () => number;
}

/** Who makes a request, and by what. */
export interface Identity {
  readonly actor: Actor;
  /** The user, also when a token of theirs is used. */
  readonly user: string;
  /** Undefined for a token. */
  readonly session: { readonly start: Session['start']; readonly csrf: string } | undefined;
}

export interface Guard {
  /**
   * Guards every route of a scope: without a sign-in only those with `config: { open: true }` are reached, and all
   * others must say by `needs` who may use them, or they can't be added.
   */
  protect(app: FastifyInstance): void;
  needs(role: Role): preHandlerHookHandler;
  /** The same, but for people alone: who may sign in is no matter of tokens. */
  needsPerson(role: Role): preHandlerHookHandler;
  /** Throws when nobody is signed in. */
  actorOf(request: FastifyRequest): Actor;
  identityOf(request: FastifyRequest): Identity | undefined;
  /** Whether who began a request may still do as much; for answers that last. */
  isStillIn(request: FastifyRequest): Promise<boolean>;
  /** Writes down who changed what. Never a secret. */
  audit(actor: Actor, action: string, target: string, detail?: string): Promise<void>;
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

export function createGuard({ access, log, publicUrl, now }: GuardOptions): Guard {
  const identities = new WeakMap<FastifyRequest, Identity>();
  const gates = new WeakSet<object>();

  const identify = async (
    request: FastifyRequest,
    touch = true,
  ): Promise<Identity | 'bad-token' | undefined> => {
    const token = bearerOf(request);
    if (token !== undefined) {
      const found = await access.tokens.find(digestOf(token), now(), touch);
      if (!found) return 'bad-token';
      const { name, role, createdBy } = found;
      const actor: Actor = { name: `${createdBy} (token ${name})`, role, via: 'token' };
      return { actor, user: createdBy, session: undefined };
    }
    const id = sessionIdOf(request);
    const session = id && (await access.sessions.find(digestOf(id), now(), touch));
    if (!session) return undefined;
    const { user, role, start } = session;
    const actor: Actor = { name: user, role, via: 'session' };
    return { actor, user, session: { start, csrf: csrfOf(id) } };
  };

  const enter = async (request: FastifyRequest): Promise<void> => {
    const identity = await identify(request);
    if (identity === 'bad-token')
      throw unauthenticated('The token is wrong, too old, or was withdrawn', true);
    if (identity) identities.set(request, identity);
    const isOpen = request.routeOptions.config.open === true;
    if (!identity && !isOpen) throw unauthenticated('Sign in first', false);
    if (SAFE.has(request.method) || identity?.actor.via === 'token') return;
    if (!isSameOrigin(request, publicUrl))
      throw problem(403, 'csrf', 'The request comes from the page of another site', {
        hint: 'If it is your own, behind a proxy that changes the host, set service.publicUrl.',
      });
    if (isOpen) return;
    const given = request.headers['x-csrf-token'];
    if (typeof given !== 'string' || !isSame(given, identity!.session!.csrf))
      throw problem(403, 'csrf', 'The header x-csrf-token is missing or wrong', {
        hint: 'Its value is in the answer of GET /api/v1/session.',
      });
  };

  const gate = (role: Role, peopleOnly: boolean): preHandlerHookHandler => {
    const check: preHandlerHookHandler = (request, _reply, done) => {
      const actor = identities.get(request)?.actor;
      if (!actor) throw unauthenticated('Sign in first', false);
      if (!mayActAs(actor.role, role))
        throw problem(403, 'forbidden', `This needs the role ${role}; you have ${actor.role}`);
      if (peopleOnly && actor.via === 'token')
        throw problem(403, 'forbidden', 'This can not be done with a token', {
          hint: 'Sign in as a user.',
        });
      done();
    };
    gates.add(check);
    return check;
  };

  const actorOf = (request: FastifyRequest): Actor => {
    const identity = identities.get(request);
    if (!identity) throw unauthenticated('Sign in first', false);
    return identity.actor;
  };

  return {
    protect(app) {
      app.addHook('onRequest', enter);
      app.addHook('onRoute', (route) => {
        const { method, url, config } = route;
        const found = [route.preHandler].flat().filter((each) => each && gates.has(each));
        if (found.length > 0 === (config?.open === true))
          throw new Error(`${String(method)} ${url} must either be open or need a role`);
        // Before the body is read and looked at.
        route.onRequest = [route.onRequest ?? [], found].flat() as onRequestHookHandler[];
      });
    },
    needs: (role) => gate(role, false),
    needsPerson: (role) => gate(role, true),
    actorOf,
    identityOf: (request) => identities.get(request),
    async isStillIn(request) {
      const before = actorOf(request);
      const identity = await identify(request, false);
      return typeof identity === 'object' && mayActAs(identity.actor.role, before.role);
    },
    async audit({ name }, action, target, detail) {
      await access.audit.add({
        ...{ at: now(), actor: name, action, target, detail: detail ?? null },
      });
      log.info('audit', {
        actor: name,
        action,
        target,
        ...(detail === undefined ? {} : { detail }),
      });
    },
  };
}

/** Undefined without one. A proxy may have put another scheme there for itself. */
function bearerOf({ headers }: FastifyRequest): string | undefined {
  return /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}

function unauthenticated(detail: string, isToken: boolean): Problem {
  return problem(401, 'unauthenticated', detail, {
    headers: { 'www-authenticate': isToken ? 'Bearer error="invalid_token"' : 'Bearer' },
  });
}
