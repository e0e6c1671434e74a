import type { FastifyReply, FastifyRequest } from 'fastify';
import { type User } from '../../core/access.ts';
import { StateError } from '../../core/errors.ts';
import type { Add } from '../api/operation.ts';
import { nothing } from '../api/shapes.ts';
import { giveFlow, takeFlow } from './cookie.ts';
import type { Flow, OidcClient, Person } from './oidc.ts';
import { baseUrl } from './origin.ts';
import type { Parts } from './parts.ts';
import { TAG } from './shapes.ts';

export interface OidcRoutesOptions extends Parts {
  readonly client: OidcClient;
  /** The provider says the role at each sign-in; else it is only the one to begin with. */
  readonly ownsRoles: boolean;
}

/** Why somebody who came back from the provider is not let in; the page shows it in words. */
type Refusal = 'oidc_failed' | 'oidc_no_role' | 'oidc_name_taken' | 'oidc_disabled' | 'last_admin';

const CALLBACK = '/api/v1/oidc/callback';

/** Signing in through the provider: the browser goes there and comes back to the first page. */
export function oidcRoutes(add: Add, options: OidcRoutesOptions): void {
  const { publicUrl, log, client } = options;

  const home = (request: FastifyRequest, reply: FastifyReply, refusal?: Refusal): FastifyReply => {
    const fragment = refusal === undefined ? '' : `#error=${refusal}`;
    return reply.redirect(`${baseUrl(request, publicUrl)}/${fragment}`);
  };
  const failed = (request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply => {
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
    log.warn('sign-in by OIDC failed', { reason });
    return home(request, reply, 'oidc_failed');
  };

  add({
    ...{ method: 'GET', path: '/oidc/start', id: 'startOidc', tag: TAG, role: null },
    summary: 'Send the browser to the OIDC provider',
    description: 'To be opened by a browser. There only where a provider is configured.',
    answers: { 302: nothing },
    example: { status: 302 },
    async handler({ request, reply }) {
      try {
        const { url, flow } = await client.start(baseUrl(request, publicUrl) + CALLBACK);
        giveFlow(request, reply, written(flow), publicUrl);
        return reply.redirect(url);
      } catch (error) {
        return failed(request, reply, error);
      }
    },
  });

  add({
    ...{ method: 'GET', path: '/oidc/callback', id: 'finishOidc', tag: TAG, role: null },
    summary: 'Where the OIDC provider sends the browser back to',
    description:
      'Leads to the first page, signed in; or with `#error=` and why not. There only where a provider is configured.',
    answers: { 302: nothing },
    example: { status: 302 },
    async handler({ request, reply }) {
      let person: Person;
      try {
        const flow = flowIn(takeFlow(request, reply));
        const answer = new URL(baseUrl(request, publicUrl) + CALLBACK);
        answer.search = new URL(request.url, answer).search;
        person = await client.finish(answer, flow);
      } catch (error) {
        return failed(request, reply, error);
      }
      const user = await admit(options, person);
      if (typeof user === 'string') {
        log.warn('sign-in by OIDC refused', { reason: user, user: person.name });
        return home(request, reply, user);
      }
      await options.signIn(request, reply, user.name, 'oidc');
      return home(request, reply);
    },
  });
}

/** The user that somebody is, made when they come for the first time; or why they are not let in. */
async function admit(
  { access, now, ownsRoles }: OidcRoutesOptions,
  { subject, name, role }: Person,
): Promise<User | Refusal> {
  const user = await access.users.bySubject(subject);
  if (user?.disabled) return 'oidc_disabled';
  if (role === undefined) return 'oidc_no_role';
  try {
    if (!user) await access.users.add({ name, role, passwordHash: null, subject }, now());
    else if (ownsRoles && role !== user.role) await access.users.change(user.name, { role });
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    // Else a name that can be chosen at the provider would open the account of another.
    if (error.code === 'user_exists') return 'oidc_name_taken';
    if (error.code === 'last_admin') return 'last_admin';
    throw error;
  }
  return (await access.users.bySubject(subject))!;
}

/** All three are of base64url. */
function written({ state, nonce, verifier }: Flow): string {
  return [state, nonce, verifier].join('.');
}

function flowIn(cookie: string | undefined): Flow {
  const [state, nonce, verifier] = cookie?.split('.') ?? [];
  if (!state || !nonce || !verifier) throw new Error('no sign-in was begun in this browser');
  return { state, nonce, verifier };
}
