import type { FastifyInstance } from 'fastify';
import type { OidcSettings } from '../../connector.ts';
import { operations } from '../api/operation.ts';
import { auditRoutes } from './audit-routes.ts';
import { createOidcClient } from './oidc.ts';
import { oidcRoutes } from './oidc-routes.ts';
import { type AccessRoutesOptions, createParts } from './parts.ts';
import { sessionRoutes } from './session-routes.ts';
import { tokenRoutes } from './token-routes.ts';
import { userRoutes } from './user-routes.ts';

/** No name, password or token is longer. */
const BODY_BYTES = 16 * 1024;

/** Sessions, the first start, users, tokens and the audit log, under a scope that `guard` protects. */
export function accessRoutes({
  oidc,
  ...options
}: Omit<AccessRoutesOptions, 'oidc'> & {
  readonly oidc: OidcSettings | undefined;
}): (app: FastifyInstance) => void {
  return (app) => {
    const parts = createParts({ ...options, oidc: oidc !== undefined });
    void app.register((scope, _options, done) => {
      scope.addHook('onRoute', (route) => {
        route.bodyLimit = BODY_BYTES;
      });
      const add = operations(scope, parts.guard);
      sessionRoutes(add, parts);
      userRoutes(add, parts);
      tokenRoutes(add, parts);
      auditRoutes(add, parts);
      if (oidc)
        oidcRoutes(add, {
          ...parts,
          client: createOidcClient(oidc),
          ownsRoles: oidc.rolesClaim !== undefined,
        });
      done();
    });
  };
}
