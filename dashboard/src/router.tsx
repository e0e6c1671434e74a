import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router';
import { NotFound, RouteFault } from './shell/faults.tsx';
import { Shell } from './shell/shell.tsx';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: RouteFault,
});

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Leaves out what is not there, so that addresses stay short. */
function present<K extends string>(values: Record<K, string | undefined>): { [Key in K]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, each]) => each !== undefined)) as {
    [Key in K]?: string;
  };
}

const currents = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/currents/currents.tsx'), 'Currents'),
});

const create = createRoute({
  getParentRoute: () => root,
  path: '/new',
  validateSearch: (search: Record<string, unknown>) =>
    present({ draft: text(search['draft']), step: text(search['step']) }),
  component: lazyRouteComponent(() => import('./pages/form/create.tsx'), 'Create'),
});

const current = createRoute({
  getParentRoute: () => root,
  path: '/connections/$name',
  validateSearch: (search: Record<string, unknown>) => present({ tab: text(search['tab']) }),
  component: lazyRouteComponent(() => import('./pages/current/current.tsx'), 'Current'),
});

const deadLetters = createRoute({
  getParentRoute: () => root,
  path: '/dead-letters',
  validateSearch: (search: Record<string, unknown>) =>
    present({
      connection: text(search['connection']),
      cause: text(search['cause']),
      type: text(search['type']),
    }),
  component: lazyRouteComponent(
    () => import('./pages/dead-letters/dead-letters.tsx'),
    'DeadLetters',
  ),
});

const events = createRoute({
  getParentRoute: () => root,
  path: '/events',
  component: lazyRouteComponent(() => import('./pages/events/events.tsx'), 'Events'),
});

const event = createRoute({
  getParentRoute: () => root,
  path: '/events/$type',
  component: lazyRouteComponent(() => import('./pages/events/event.tsx'), 'Event'),
});

const cohorts = createRoute({
  getParentRoute: () => root,
  path: '/cohorts',
  validateSearch: (search: Record<string, unknown>) => present({ import: text(search['import']) }),
  component: lazyRouteComponent(() => import('./pages/cohorts/cohorts.tsx'), 'Cohorts'),
});

const cohort = createRoute({
  getParentRoute: () => root,
  path: '/cohorts/$id',
  validateSearch: (search: Record<string, unknown>) => present({ tab: text(search['tab']) }),
  component: lazyRouteComponent(() => import('./pages/cohort/cohort.tsx'), 'Cohort'),
});

const createImport = createRoute({
  getParentRoute: () => root,
  path: '/create-cohort-import',
  component: lazyRouteComponent(() => import('./pages/cohort-import/create.tsx'), 'CreateImport'),
});

const cohortImport = createRoute({
  getParentRoute: () => root,
  path: '/cohort-imports/$name',
  validateSearch: (search: Record<string, unknown>) => present({ tab: text(search['tab']) }),
  component: lazyRouteComponent(() => import('./pages/cohort-import/import.tsx'), 'ImportPage'),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  validateSearch: (search: Record<string, unknown>) => present({ tab: text(search['tab']) }),
  component: lazyRouteComponent(() => import('./pages/settings/settings.tsx'), 'Settings'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    ...[currents, create, current, deadLetters, events, event],
    ...[cohorts, cohort, createImport, cohortImport, settings],
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
