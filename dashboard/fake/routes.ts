import { people, tokens } from './access.ts';
import { type Answer, type Call, missing, ok } from './answer.ts';
import { cohortImports, INSTANCES } from './cohort-imports.ts';
import { cohorts } from './cohorts.ts';
import { connections } from './connections.ts';
import { deadLetters } from './dead-letters.ts';
import { checksOf, drafts, estimate, preview } from './form.ts';
import { service } from './service.ts';
import { SETTINGS, SOURCES } from './sources.ts';
import type { World } from './world.ts';

/** Answers one call as the service would, from the made-up world. */
export function answer(world: World, call: Call): Answer {
  const [head, ...rest] = call.path.split('/').slice(1).map(decodeURIComponent);
  switch (head) {
    case 'connections':
      return connections(world, call, rest);
    case 'cohorts':
      return cohorts(world, call, rest);
    case 'cohort-imports':
      return cohortImports(world, call, rest);
    case 'cohort-destinations':
      return ok({ items: [], instances: INSTANCES });
    case 'dead-letters':
      return deadLetters(world, call, rest);
    case 'drafts':
      return drafts(world, call, rest[0]);
    case 'events': {
      const found =
        rest[0] === undefined ? undefined : world.events.find(({ type }) => type === rest[0]);
      if (rest[0] === undefined)
        return ok({ items: world.events.map(({ properties: _p, sample: _s, ...event }) => event) });
      return found ? ok(found) : missing;
    }
    case 'unknown':
      return ok({
        types: [
          {
            type: 'users.messages.carrier-pigeon.Send',
            connection: 'prod-email',
            read: 1204,
            included: false,
          },
        ],
        fields: [
          {
            type: 'users.messages.email.Click',
            field: 'link_alias',
            connection: 'prod-email',
            n: 8211,
            included: false,
          },
        ],
      });
    case 'sources':
      return ok({ items: SOURCES });
    case 'settings-schema':
      return ok(SETTINGS);
    case 'check':
      return ok({ checks: checksOf(call.body) });
    case 'estimate':
      return ok(estimate(world));
    case 'preview':
      return ok(preview(world));
    case 'users':
      return people(world, call, rest[0]);
    case 'tokens':
      return tokens(world, call, rest[0]);
    case 'audit':
      return ok({ items: world.audit, next: null });
    case 'alerts':
      return ok({
        items: world.connections
          .filter(({ state }) => state.kind === 'halted')
          .map(({ name, state }) => ({
            connection: name,
            kind: 'halted',
            detail: `${state.detail} ${state.hint}`,
            since: state.since,
            toldAt: state.since,
          })),
      });
    case 'service':
      return ok(service(world));
    default:
      return missing;
  }
}
