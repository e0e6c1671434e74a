import { expect, test } from 'vitest';
import type { MixpanelInput } from '../sinks/mixpanel.ts';
import { connectionName } from './project.ts';

const destination = (url: string): MixpanelInput => ({
  credentials: { kind: 'project-token', token: 'tok-0123456789' },
  region: 'us',
  url,
});

test('one folder and one project have one name, however they are written', () => {
  const name = connectionName('/data/currents', destination('http://127.0.0.1:9'));
  expect(connectionName('/data/currents/', destination('http://127.0.0.1:9/'))).toBe(name);
  expect(connectionName('/data/other', destination('http://127.0.0.1:9'))).not.toBe(name);
  expect(name).not.toContain('tok-');
});
