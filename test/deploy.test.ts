import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { type Config, parseConfig } from '../src/connector.ts';
import { allCommands, sluiceCalls, wrongCall } from './support/command-lines.ts';
import { cliMain } from './support/cli.ts';

const ROOT = resolve(import.meta.dirname, '..');
const PORT = 8377;

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Parses a configuration as the service does, with a made-up secret in the place of every file that it names. */
async function configOf(text: string): Promise<Config> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-deploy-'));
  try {
    const here = text.replaceAll(/\$\{file:\S*\//g, '${file:');
    for (const name of secretsOf(text)) {
      const secret = name.endsWith('webhook') ? 'https://hooks.example.com/x' : 'x'.repeat(32);
      await writeFile(join(folder, name), `${secret}\n`);
    }
    return parseConfig(parse(here), { env: {}, folder });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Names of the files that a configuration takes secrets from. */
function secretsOf(text: string): string[] {
  return [...new Set([...text.matchAll(/\$\{file:([^}]*)\}/g)].map(([, path]) => path!))].map(
    (path) => path.split('/').at(-1)!,
  );
}

describe('the image', () => {
  const instructions = textOf('Dockerfile')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, word, rest] = /^(\w+)\s+(.*)$/.exec(line)!;
      return { word: word!, rest: rest!.replaceAll(/\s+/g, ' ') };
    });
  const last = instructions.findLastIndex(({ word }) => word === 'FROM');
  const final = instructions.slice(last);
  const only = (word: string): string => {
    const found = final.filter((each) => each.word === word);
    expect(found, word).toHaveLength(1);
    return found[0]!.rest;
  };
  const words = (json: string): string[] => JSON.parse(json) as string[];

  test('it holds everything that the package publishes', () => {
    const { files } = JSON.parse(textOf('package.json')) as { files: string[] };
    const copied = final.filter(({ word }) => word === 'COPY').map(({ rest }) => rest);
    for (const file of files)
      expect(
        copied.some((rest) => rest.split(' ').some((part) => part.replace('/app/', '') === file)),
        file,
      ).toBe(true);
  });

  test('runs as a numbered user that is not root, and nothing after that changes it', () => {
    expect(only('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const order = final.map(({ word }) => word);
    expect(order.lastIndexOf('RUN')).toBeLessThan(order.indexOf('USER'));
    expect(order.lastIndexOf('COPY')).toBeLessThan(order.indexOf('USER'));
  });

  test('starts the service without a shell in between, by options that there are', async () => {
    const call = [...words(only('ENTRYPOINT')), ...words(only('CMD'))];
    expect(call[0]).toBe('/app/bin/sluice');
    expect(textOf('bin/sluice')).toContain('exec "$node"');
    expect(wrongCall(call.slice(1), await allCommands())).toBeUndefined();
    const option = (name: string) => call[call.indexOf(name) + 1];
    expect([call[1], option('--host'), option('--port')]).toEqual(['serve', '0.0.0.0', `${PORT}`]);
    expect(option('--file')).toBe('/etc/sluice/sluice.yaml');
    expect(only('EXPOSE')).toBe(`${PORT}`);
  });

  test('keeps its data in the volume, and is asked for its health where it listens', () => {
    expect(only('ENV')).toContain('SLUICE_DATA_DIR=/data');
    expect(words(only('VOLUME'))).toEqual(['/data']);
    const [, json] = / CMD (\[.*\])$/.exec(only('HEALTHCHECK'))!;
    const check = words(json!);
    expect(check[0]).toBe('node');
    expect(check[2]).toContain(`http://127.0.0.1:${PORT}/healthz`);
  });

  test('the health check tells a service that is well from one that is not there', async () => {
    const [, json] = / CMD (\[.*\])$/.exec(only('HEALTHCHECK'))!;
    const [, flag, script] = words(json!);
    const run = (fetched: string) =>
      spawnSync(process.execPath, [flag!, `globalThis.fetch = async () => ${fetched}; ${script}`]);
    expect(run('({ ok: true })').status).toBe(0);
    expect(run('({ ok: false })').status).toBe(1);
    expect(run('{ throw new Error("no") }').status).toBe(1);
  });

  test('installs what the lock says, runs no scripts of packages, and of those only what is needed', () => {
    const installs = instructions.filter(({ rest }) => /npm (?:ci|install|i) /.test(rest));
    expect(installs).toHaveLength(2);
    for (const { rest } of installs) expect(rest).toMatch(/^npm ci .*--ignore-scripts/);
    expect(installs[0]!.rest).toContain('--omit=dev');
    const lock = JSON.parse(textOf('package-lock.json')) as {
      packages: Record<string, { dev?: boolean; optional?: boolean; hasInstallScript?: boolean }>;
    };
    // Something that has to be compiled or fetched when it is installed would be missing at run time.
    const compiled = Object.entries(lock.packages)
      .filter(([, { dev, hasInstallScript }]) => !dev && hasInstallScript)
      .map(([path]) => path);
    expect(compiled.filter((path) => path !== 'node_modules/protobufjs')).toEqual([]);
    for (const arch of ['x64', 'arm64']) {
      expect(lock.packages).toHaveProperty([`node_modules/@napi-rs/snappy-linux-${arch}-gnu`]);
      expect(readdirSync(join(ROOT, 'node_modules/better-sqlite3/prebuilds'))).toContain(
        `linux-${arch}.node`,
      );
    }
  });

  const ignored = (() => {
    const rules = textOf('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    // As Docker reads them: a star stops at a slash, and a rule for a folder holds for all in it.
    const matches = (path: string, pattern: string): boolean => {
      const parts = pattern
        .split(/(\*\*\/|\*)/)
        .map((part) => ({ '**/': '(?:.*/)?', '*': '[^/]*' })[part] ?? part.replaceAll('.', '\\.'));
      return new RegExp(`^${parts.join('')}(?:/|$)`).test(path);
    };
    return (path: string): boolean =>
      rules.reduce(
        (is, rule) => (matches(path, rule.replace(/^!/, '')) ? !rule.startsWith('!') : is),
        false,
      );
  })();

  test('copies only what there is, from stages that there are', () => {
    const stages = instructions
      .filter(({ word }) => word === 'FROM')
      .map(({ rest }) => / AS (\w+)$/.exec(rest)?.[1]);
    for (const { rest } of instructions.filter(({ word }) => word === 'COPY')) {
      const parts = rest.split(' ');
      const from = /^--from=(.*)$/.exec(parts[0]!)?.[1];
      if (from !== undefined) {
        expect(stages).toContain(from);
        continue;
      }
      for (const path of parts.slice(0, -1)) {
        expect(existsSync(join(ROOT, path)), path).toBe(true);
        if (path !== '.') expect(ignored(path), path).toBe(false);
      }
    }
    expect(instructions.some(({ word }) => word === 'ADD')).toBe(false);
  });

  test('is built from all that the build reads, and from nothing else', () => {
    const build = textOf('scripts/build');
    for (const path of [
      ...['scripts/build', 'tsconfig.base.json', 'tsconfig.build.json', 'src/cli/main.ts'],
      ...['kernel/transcode/index.ts', 'kernel/gzip/index.ts', 'src/catalogue/events.json'],
    ]) {
      expect(existsSync(join(ROOT, path)), path).toBe(true);
      expect(ignored(path), path).toBe(false);
    }
    expect(build).toContain('tsc -b');
    for (const path of [
      ...['.git/config', 'node_modules/x/index.js', 'sluice-data/key', 'deploy/secrets/push_token'],
      ...[
        'kernel/build/gzip.wasm',
        'dist/cli/main.js',
        'src/cli/tools.test.ts',
        '.env',
        'test/x.ts',
      ],
    ])
      expect(ignored(path), path).toBe(true);
  });
});

test('what is built needs no package that only development has', () => {
  const dist = resolve(cliMain(), '../..');
  const { dependencies } = JSON.parse(textOf('package.json')) as {
    dependencies: Record<string, string>;
  };
  const imports = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter(
      (name) => name.endsWith('.js') && existsSync(join(ROOT, 'src', name.replace(/js$/, 'ts'))),
    )
    .flatMap((name) =>
      [
        ...readFileSync(join(dist, name), 'utf8').matchAll(
          /(?:\bfrom\s+|\bimport\s*\(?\s*|\brequire(?:\.resolve)?\s*\(\s*|\bimport\.meta\.resolve\s*\(\s*)['"]([^'"\n]+)['"]/g,
        ),
      ].map(([, from]) => ({ name, from: from! })),
    )
    .filter(({ from }) => /^[@a-z]/i.test(from));
  const missing = imports
    .map(({ name, from }) => ({
      name,
      from,
      packageName: from
        .split('/')
        .slice(0, from.startsWith('@') ? 2 : 1)
        .join('/'),
    }))
    .filter(({ from }) => !from.startsWith('node:') && !builtinModules.includes(from))
    .filter(({ packageName }) => !(packageName in dependencies));
  expect(missing).toEqual([]);
  const found = new Set(imports.map(({ from }) => from));
  for (const name of ['fastify', 'better-sqlite3', '@aws-sdk/client-s3'])
    expect(found).toContain(name);
});

describe('compose.yaml', () => {
  const compose = parse(textOf('deploy/compose.yaml')) as {
    services: Record<string, Record<string, unknown>>;
    secrets: Record<string, { file: string }>;
    volumes: Record<string, unknown>;
  };
  const sluice = compose.services['sluice']!;

  test('gives the process no more than it needs', () => {
    expect(Object.keys(compose.services)).toEqual(['sluice']);
    expect(sluice).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      restart: 'unless-stopped',
      ports: [`127.0.0.1:${PORT}:${PORT}`],
    });
    expect(sluice['tmpfs']).toEqual([expect.stringMatching(/^\/tmp:/)]);
    for (const gone of ['user', 'privileged', 'cap_add', 'network_mode', 'entrypoint', 'command'])
      expect(sluice).not.toHaveProperty(gone);
  });

  test('keeps the data folder, and gives a stop the time it may take', () => {
    expect(sluice['volumes']).toContain('data:/data');
    expect(compose.volumes).toHaveProperty('data');
    expect(Number.parseInt(String(sluice['stop_grace_period']), 10)).toBeGreaterThan(30);
  });

  test('its sluice.yaml is valid, and every secret in it is there', async () => {
    const text = textOf('deploy/sluice.yaml');
    expect((await configOf(text)).connections.map(({ name }) => name)).toEqual([
      'shop',
      'shop-history',
    ]);
    expect(text.match(/\$\{file:(?!\/run\/secrets\/)/)).toBeNull();
    const guide = textOf('docs/guides/deploy.md');
    const names = [...secretsOf(text), 'sluice_key'].toSorted();
    expect((sluice['secrets'] as string[]).toSorted()).toEqual(names);
    expect(Object.keys(compose.secrets).toSorted()).toEqual(names);
    expect(sluice['environment']).toEqual({ SLUICE_KEY_FILE: '/run/secrets/sluice_key' });
    for (const name of names) {
      expect(compose.secrets[name]!.file).toBe(`./secrets/${name}`);
      expect(guide.split(/\s/), name).toContain(`deploy/secrets/${name}`);
    }
  });
});

describe('kubernetes.yaml', () => {
  interface Kubernetes {
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly data?: Record<string, string>;
    readonly spec?: Record<string, unknown>;
  }
  const all = parseAllDocuments(textOf('deploy/kubernetes.yaml')).map((each) => {
    expect(each.errors).toEqual([]);
    return each.toJS() as Kubernetes;
  });
  const the = (kind: string): Kubernetes => all.find((each) => each.kind === kind)!;
  const set = the('StatefulSet').spec as {
    replicas: number;
    serviceName: string;
    selector: { matchLabels: Record<string, string> };
    volumeClaimTemplates: { metadata: { name: string }; spec: { accessModes: string[] } }[];
    template: {
      metadata: { labels: Record<string, string>; annotations: Record<string, string> };
      spec: Record<string, unknown> & { containers: Record<string, unknown>[] };
    };
  };
  const pod = set.template.spec;
  const [container] = pod.containers;

  test('one writer: one replica, one volume of one pod', () => {
    expect(set.replicas).toBe(1);
    expect(set.volumeClaimTemplates.map(({ spec }) => spec.accessModes)).toEqual([
      ['ReadWriteOnce'],
    ]);
    expect(set.template.metadata.labels).toMatchObject(set.selector.matchLabels);
    expect(the('Service').spec).toMatchObject({
      selector: set.selector.matchLabels,
      ports: [{ port: PORT }],
    });
    expect(set.serviceName).toBe(the('Service').metadata.name);
  });

  test('gives the process no more than it needs', () => {
    const [uid] = /^USER (\d+):\1$/m.exec(textOf('Dockerfile'))!.slice(1).map(Number);
    expect(pod['securityContext']).toMatchObject({
      runAsNonRoot: true,
      runAsUser: uid,
      runAsGroup: uid,
      fsGroup: uid,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container!['securityContext']).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod['automountServiceAccountToken']).toBe(false);
    expect(container).not.toHaveProperty('command');
    expect(container).not.toHaveProperty('args');
  });

  test('asks for health where it is told, and gives a stop the time it may take', () => {
    expect(container).toMatchObject({
      ports: [{ name: 'http', containerPort: PORT }],
      startupProbe: { httpGet: { path: '/healthz', port: 'http' } },
      livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
    });
    expect(set.template.metadata.annotations).toMatchObject({
      'prometheus.io/path': '/metrics',
      'prometheus.io/port': `${PORT}`,
    });
    expect(pod['terminationGracePeriodSeconds']).toBeGreaterThan(30);
  });

  test('every mount has its volume, and all that is written to is one', () => {
    const mounts = container!['volumeMounts'] as { name: string; mountPath: string }[];
    const volumes = (pod['volumes'] as { name: string }[]).map(({ name }) => name);
    const claims = set.volumeClaimTemplates.map(({ metadata }) => metadata.name);
    expect(mounts.map(({ name }) => name).toSorted()).toEqual([...volumes, ...claims].toSorted());
    const paths = mounts.map(({ mountPath }) => mountPath);
    expect(paths).toEqual(expect.arrayContaining(['/data', '/tmp', '/etc/sluice']));
  });

  test('its sluice.yaml is valid, and its secrets are those that the guide makes', async () => {
    const text = the('ConfigMap').data!['sluice.yaml']!;
    const { service } = await configOf(text);
    expect(service.inbox.maxBytes).toBe(15e9);
    expect(text.match(/\$\{(?!file:\/run\/secrets\/sluice\/\w+\})/)).toBeNull();
    expect(container!['env']).toEqual([
      { name: 'SLUICE_KEY_FILE', value: '/run/secrets/sluice/sluice_key' },
    ]);
    expect(secretsOf(text).toSorted()).toEqual(secretsOf(textOf('deploy/sluice.yaml')).toSorted());
  });

  test('lets the world reach pushes and cohort syncs alone', () => {
    const { rules } = the('Ingress').spec as {
      rules: { http: { paths: { path: string; backend: unknown }[] } }[];
    };
    const paths = rules.flatMap(({ http }) => http.paths);
    expect(paths.map(({ path }) => path)).toEqual(['/currents', '/cohorts']);
  });
});

describe('sluice.service', () => {
  const text = textOf('deploy/sluice.service');
  const values = (name: string): string[] =>
    [...text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value!);

  test('starts the service by options that there are', async () => {
    const [words] = sluiceCalls(values('ExecStart')[0]!);
    expect(words![0]).toBe('serve');
    expect(wrongCall(words!, await allCommands())).toBeUndefined();
    expect(values('Environment')).toEqual(['SLUICE_DATA_DIR=%S/sluice', 'SLUICE_KEY_FILE=%d/key']);
    expect(values('StateDirectory')).toEqual(['sluice']);
    expect(values('LoadCredential')[0]).toMatch(/^key:/);
  });

  test.each([
    ['User', 'sluice'],
    ['Restart', 'always'],
    ['ProtectSystem', 'strict'],
    ['NoNewPrivileges', 'yes'],
    ['CapabilityBoundingSet', ''],
    ['PrivateTmp', 'yes'],
  ])('%s=%s', (name, value) => {
    expect(values(name)).toEqual([value]);
  });

  test('gives a stop the time it may take', () => {
    expect(Number(values('TimeoutStopSec')[0])).toBeGreaterThan(30);
  });

  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
  test.skipIf(!hasSystemd)('systemd understands it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-unit-'));
    try {
      const unit = join(folder, 'sluice.service');
      await writeFile(unit, text.replace('/opt/sluice/bin/sluice', join(ROOT, 'bin/sluice')));
      const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], {
        encoding: 'utf8',
      });
      expect(stderr.split('\n').filter((line) => line.includes('sluice.service'))).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
