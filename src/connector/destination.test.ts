import { expect, test } from 'vitest';
import { parseDestination } from './destination.ts';

test('wrong settings are told in words, without the secrets in them', () => {
  const credentials = { kind: 'service-account', username: 'u', secret: 's3cr3t', projectId: 'x' };
  const parse = (): unknown =>
    parseDestination({
      credentials: credentials as { kind: 'service-account' } & typeof credentials,
      region: 'us',
      url: 'https://u:s3cr3t@host',
    });
  expect(parse).toThrow(
    expect.objectContaining({
      name: 'UsageError',
      message:
        'The settings for Mixpanel are wrong: credentials.projectId: a project id is a number; url: credentials do not belong into a URL',
    }),
  );
});
