import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

/**
 * What each room may import besides itself. `connector` (the composition root and its folder) is the only one that
 * knows everyone; `cli` reaches the engine through it. The sandbox stands in for the vendors, so it shares nothing with
 * the code it tests but the vocabulary. See ARCHITECTURE.md.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  catalogue: ['core'],
  formats: ['core'],
  mapping: ['core', 'catalogue', 'formats'],
  sources: ['core'],
  sinks: ['core'],
  pipeline: ['core'],
  state: ['core', 'formats'],
  server: ['core', 'connector'],
  sandbox: ['core'],
  connector: ['core', 'catalogue', 'mapping', 'sources', 'sinks', 'pipeline', 'state', 'alerts'],
  cohorts: ['core', 'pipeline'],
  cli: ['core', 'catalogue', 'sandbox', 'connector', 'server'],
  alerts: ['core'],
};

/** Packages that belong to one room alone. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@fastify': ['server'],
  '@node-rs': ['server'],
  'fastify-type-provider-zod': ['server'],
  'openid-client': ['server'],
  '@aws-sdk': ['sources'],
  '@azure': ['sources'],
  '@google-cloud': ['sources'],
  'better-sqlite3': ['state'],
  '@scalar': ['server'],
  '@opentelemetry': ['connector'],
  commander: ['cli'],
  fastify: ['server'],
  pino: ['server'],
  'prom-client': ['server'],
  nodemailer: ['alerts'],
  snappy: ['formats', 'sandbox'],
  undici: ['sinks'],
  yaml: ['cli'],
};

/** Files of sources and sinks that are no source or sink themselves. */
const SHARED = [
  './braze-answer.ts',
  './braze-client.ts',
  './braze-settings.ts',
  './cohort-lines.ts',
  './gzip.ts',
  './http.ts',
  './layout.ts',
  './object-retry.ts',
  './object-source.ts',
  './object-store.ts',
  './scrub.ts',
];

interface Import {
  readonly room: string;
  readonly place: string;
  readonly from: string;
  /** Room of the imported file, or name of the package. */
  readonly target: string;
  readonly isPackage: boolean;
}

function roomOf(file: string): string {
  return relative(SRC, file).split('/')[0]!.replace(/\.ts$/, '');
}

function filesOf(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.(test|d)\.ts$/.test(name))
    .map((name) => join(SRC, name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export|\})[^;'"`]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)/g,
  );
  return [...found].map((match) => {
    const from = (match[1] ?? match[2])!;
    const line = text.slice(0, match.index + match[0].length).split('\n').length;
    const isPackage = !from.startsWith('.');
    return {
      room: roomOf(file),
      place: `src/${relative(SRC, file)}:${line}`,
      from,
      target: isPackage ? from : roomOf(resolve(dirname(file), from)),
      isPackage,
    };
  });
}

const imports = filesOf().flatMap(importsOf);

test('every room is known, and the search finds imports in each', () => {
  const rooms = new Set(filesOf().map(roomOf));
  expect([...rooms].toSorted()).toEqual(Object.keys(MAY_IMPORT).toSorted());
  for (const room of rooms)
    if (!['core', 'catalogue'].includes(room))
      expect(
        imports.filter((each) => each.room === room && each.target !== room),
        room,
      ).not.toEqual([]);
});

test('imports run one way', () => {
  const broken = imports
    .filter(({ isPackage }) => !isPackage)
    .filter(({ room, target }) => room !== target && !MAY_IMPORT[room]!.includes(target))
    .map(({ place, room, target, from }) => `${place}: ${room} may not import ${target} (${from})`);
  expect(broken).toEqual([]);
});

test('no source imports another, and no sink another', () => {
  const broken = imports
    .filter(({ room, isPackage }) => !isPackage && ['sources', 'sinks'].includes(room))
    .filter(({ place, from }) => {
      const own = /\/([a-z0-9]+)[^/]*\.ts:\d+$/.exec(place)![1]!;
      return from.startsWith('./') && !from.startsWith(`./${own}`) && !SHARED.includes(from);
    })
    .map(({ place, from }) => `${place}: imports ${from}`);
  expect(broken).toEqual([]);
});

test('the core does no input or output', () => {
  const broken = imports.filter(({ room, isPackage }) => room === 'core' && isPackage);
  expect(broken.map(({ place, from }) => `${place}: imports ${from}`)).toEqual([]);
});

test('a package stays in its room', () => {
  const broken = imports
    .filter(({ isPackage }) => isPackage)
    .flatMap(({ place, from, room }) => {
      const rooms = PACKAGES[from.split('/')[0]!];
      return !rooms || rooms.includes(room)
        ? []
        : [`${place}: ${from} belongs to ${rooms.join(', ')}`];
    });
  expect(broken).toEqual([]);
});

test('the pipeline knows no vendor', () => {
  const broken = filesOf()
    .filter((file) => roomOf(file) === 'pipeline')
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, i) =>
          /mixpanel|braze|\$insert_id/i.test(line)
            ? [`${relative(SRC, file)}:${i + 1}: ${line.trim()}`]
            : [],
        ),
    );
  expect(broken).toEqual([]);
});

test('no file reads the environment or the clock while it is imported', () => {
  const broken = filesOf().flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, i) =>
        /^(?:export )?const .*(?:process\.env|Date\.now\(\)|new Date\(\)|performance\.now\(\))/.test(
          line,
        )
          ? [`src/${relative(SRC, file)}:${i + 1}: ${line}`]
          : [],
      ),
  );
  expect(broken).toEqual([]);
});

test('a file keeps to one subject: none is longer than 400 lines', () => {
  const long = filesOf()
    .map((file) => ({
      file: relative(SRC, file),
      lines: readFileSync(file, 'utf8').split('\n').length,
    }))
    .filter(({ lines }) => lines > 400);
  expect(long).toEqual([]);
});

const DASHBOARD = resolve(import.meta.dirname, '../dashboard');

function dashboardFiles(): string[] {
  return readdirSync(join(DASHBOARD, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.test.ts'))
    .map((name) => join(DASHBOARD, 'src', name));
}

test('the dashboard imports nothing of the service, and no package but its own', () => {
  const { dependencies } = JSON.parse(readFileSync(join(DASHBOARD, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const own = Object.keys(dependencies);
  const found = dashboardFiles().flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const all = text.matchAll(/(?:\bfrom |^import |\bimport\()'([^'\n]+)'/gm);
    return [...all].map(([, from]) => ({ file: relative(DASHBOARD, file), from: from! }));
  });
  const broken = found.filter(({ file, from }) =>
    from.startsWith('.')
      ? relative(join(DASHBOARD, 'src'), resolve(DASHBOARD, dirname(file), from)).startsWith('..')
      : !own.some((name) => from === name || from.startsWith(`${name}/`)),
  );
  expect(found.length).toBeGreaterThan(200);
  expect(broken).toEqual([]);
});

test('the dashboard talks to the API in one place, and to nobody else', () => {
  const broken = dashboardFiles().flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, i) =>
        /\bfetch\(|XMLHttpRequest|sendBeacon|dangerouslySetInnerHTML|\beval\(/.test(line) &&
        !file.endsWith('src/client.ts')
          ? [`${relative(DASHBOARD, file)}:${i + 1}: ${line.trim()}`]
          : [],
      ),
  );
  expect(broken).toEqual([]);
});

test('a file of the dashboard keeps to one subject, too', () => {
  const long = dashboardFiles().filter(
    (file) => readFileSync(file, 'utf8').split('\n').length > 400,
  );
  expect(long).toEqual([]);
});
