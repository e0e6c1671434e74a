import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connectionSpec } from '../connection.ts';
import { HIDDEN, redact, secretsOf } from '../redact.ts';
import { keepSecrets, keepSomeSecrets } from './keep-secrets.ts';

const secret = fc.string({ minLength: 16, maxLength: 40 }).filter((text) => text !== HIDDEN);

const source = fc.oneof(
  fc.record({ kind: fc.constant('inbox'), token: fc.stringMatching(/^[A-Za-z0-9]{16,30}$/) }),
  fc.record({
    kind: fc.constant('s3'),
    bucket: fc.constant('acme'),
    credentials: fc.record({
      kind: fc.constant('access-key'),
      accessKeyId: fc.constant('id'),
      secretAccessKey: secret,
    }),
  }),
  fc.record({ kind: fc.constant('directory'), path: fc.constant('/x') }),
);

const specs = fc.record({
  name: fc.constant('c'),
  source,
  salt: secret,
  destination: fc.record({
    kind: fc.constant('mixpanel'),
    region: fc.constantFrom('us', 'eu'),
    credentials: fc.oneof(
      fc.record({ kind: fc.constant('project-token'), token: secret }),
      fc.record({
        kind: fc.constant('service-account'),
        username: fc.constant('u'),
        secret,
        projectId: fc.constant('1'),
      }),
    ),
    token: secret,
  }),
});

test('what is shown and sent back as it is, is what was stored', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const shown = redact(connectionSpec, spec);
      expect(keepSecrets(shown, spec)).toEqual(spec);
      expect(keepSomeSecrets(shown, spec)).toEqual(spec);
    }),
  );
});

test('no stored secret gets under another address, another kind or another name', () => {
  const changes = fc.constantFrom(
    (spec: Record<string, Record<string, unknown>>) => (spec['destination']!['url'] = 'http://x'),
    (spec: Record<string, Record<string, unknown>>) =>
      (spec['destination']!['credentials'] = { kind: 'api-secret', secret: HIDDEN }),
    (spec: Record<string, Record<string, unknown>>) => (spec['contact'] = HIDDEN as never),
    (spec: Record<string, Record<string, unknown>>) =>
      (spec['destination'] = { ...spec['destination'], elsewhere: HIDDEN }),
  );
  fc.assert(
    fc.property(specs, changes, (spec, change) => {
      const shown = redact(connectionSpec, spec) as Record<string, Record<string, unknown>>;
      change(shown);
      expect(() => keepSecrets(shown, spec)).toThrow("can't be kept");
      const some = JSON.stringify(keepSomeSecrets(shown, spec));
      for (const each of secretsOf(connectionSpec, spec))
        expect(some).not.toContain(JSON.stringify(each));
    }),
  );
});

test('half a form shows what is no secret', () => {
  const half = {
    source: { kind: 's3', credentials: { kind: 'access-key', secretAccessKey: 'x' } },
  };
  expect(redact(connectionSpec, half)).toEqual({
    source: { kind: 's3', credentials: { kind: 'access-key', secretAccessKey: HIDDEN } },
  });
});
