import { expect, test } from 'vitest';
import { json, scriptedServer } from '../../test/support/scripted-server.ts';
import { allEvents, storageOnlyEvents, unconfirmedEvents } from '../catalogue/catalogue.ts';
import { type MappingInput, parseMappingSettings } from '../mapping/settings.ts';
import { DEMO_CREDENTIALS } from '../sandbox/mixpanel/auth.ts';
import { type MixpanelSandbox, startMixpanelSandbox } from '../sandbox/mixpanel/server.ts';
import { sendTestEvents, type TestEventsOptions, type TestReport } from './test-events.ts';

const signal = new AbortController().signal;
const TOKEN = DEMO_CREDENTIALS.token!;

async function withSandbox(act: (sandbox: MixpanelSandbox) => Promise<void>): Promise<void> {
  const sandbox = await startMixpanelSandbox();
  try {
    await act(sandbox);
  } finally {
    await sandbox.close();
  }
}

function optionsFor(
  url: string,
  settings: MappingInput = {},
  more: Partial<TestEventsOptions> = {},
): TestEventsOptions {
  return {
    destination: { credentials: { kind: 'project-token', token: TOKEN }, region: 'us', url },
    settings: parseMappingSettings(settings),
    salt: undefined,
    now: Date.now(),
    backoffMs: 1,
    ...more,
  };
}

const outcomes = ({ results }: TestReport): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const { outcome } of results) sums[outcome] = (sums[outcome] ?? 0) + 1;
  return sums;
};

test('one event of every type arrives under strict validation, marked, now and with an id of its own', () =>
  withSandbox(async (sandbox) => {
    const now = Date.now();
    const report = await sendTestEvents(optionsFor(sandbox.url, {}, { now }), signal);
    const types = [...allEvents(), ...unconfirmedEvents()];
    expect(outcomes(report)).toEqual({ sent: types.length, skipped: storageOnlyEvents().length });
    expect(report.results.slice(0, types.length).map(({ type }) => type)).toEqual(
      types.map(({ type }) => type),
    );
    const events = sandbox.events();
    const names = types.map(({ name, nameFrom }) => (nameFrom ? `${name} Sluice Test` : name));
    expect(events.map(({ event }) => event).toSorted()).toEqual(names.toSorted());
    for (const { properties } of events)
      expect(properties).toMatchObject({
        sluice_test: true,
        distinct_id: 'sluice-test-user',
        time: Math.floor(now / 1000),
      });
    for (const text of sandbox.texts()) expect(text).toContain(`"token":"${TOKEN}"`);
    expect(new Set(events.map(({ properties }) => properties['$insert_id'])).size).toBe(
      types.length,
    );
  }));

test('each call sends new events', () =>
  withSandbox(async (sandbox) => {
    const options = optionsFor(sandbox.url, { events: ['users.messages.email.*'] });
    await sendTestEvents(options, signal);
    await sendTestEvents(options, signal);
    expect(sandbox.events()).toHaveLength(22);
  }));

test('they are mapped by the settings, which can not take the mark away', () =>
  withSandbox(async (sandbox) => {
    const settings: MappingInput = {
      events: ['users.messages.email.Click'],
      privacy: { pii: 'remove', identity: 'hash' },
      rename: {
        events: { 'Email Click': 'Clicked' },
        properties: { campaign_name: 'sluice_test' },
      },
      static: { team: 'crm' },
    };
    const report = await sendTestEvents(optionsFor(sandbox.url, settings, { salt: 's' }), signal);
    expect(report.results).toEqual([
      { type: 'users.messages.email.Click', event: 'Clicked', outcome: 'sent' },
    ]);
    const [event] = sandbox.events();
    expect(event).toMatchObject({
      event: 'Clicked',
      properties: {
        sluice_test: true,
        team: 'crm',
        email_address: '[REDACTED]',
        campaign_name: 'sample campaign_name',
      },
    });
    expect(event!.properties['distinct_id']).toMatch(/^[0-9a-f]{64}$/);
    const own = { events: ['users.messages.email.Open'], static: { sluice_test: 'mine' } };
    await sendTestEvents(optionsFor(sandbox.url, own), signal);
    expect(sandbox.events({ event: 'Email Open' })[0]!.properties['sluice_test']).toBe(true);
  }));

test('what Mixpanel rejects is told in its words, by type, and what a rule of ours refuses in ours', async () => {
  const server = await scriptedServer([
    json(400, {
      num_records_imported: 10,
      failed_records: [{ index: 3, message: "'properties.x' is invalid" }],
    }),
  ]);
  try {
    const settings = { events: ['users.messages.email.*'] };
    const report = await sendTestEvents(optionsFor(server.url, settings), signal);
    expect(outcomes(report)).toEqual({ sent: 10, rejected: 1 });
    const { event } = JSON.parse(server.received[0]!.lines[3]!) as { event: string };
    expect(report.results.find(({ outcome }) => outcome === 'rejected')).toMatchObject({
      event,
      detail: expect.stringContaining("'properties.x' is invalid"),
    });
    const many = Object.fromEntries(Array.from({ length: 254 }, (_, n) => [`p${n}`, n]));
    const crowded = await sendTestEvents(
      optionsFor(server.url, { events: ['users.messages.email.Click'], static: many }),
      signal,
    );
    expect(crowded.results).toEqual([
      {
        type: 'users.messages.email.Click',
        event: 'Email Click',
        outcome: 'rejected',
        detail: expect.stringContaining('properties; Mixpanel takes 254'),
      },
    ]);
    expect(server.received).toHaveLength(1);
  } finally {
    await server.close();
  }
});

test('of types without documented fields it is said that there is no sample', () =>
  withSandbox(async (sandbox) => {
    const events = ['users.UserOrphan', 'users.messages.carrier.Pigeon'];
    const report = await sendTestEvents(
      optionsFor(sandbox.url, { events, uncatalogued: 'send' }),
      signal,
    );
    expect(report.results).toEqual(
      events.map((type) => ({
        type,
        event: null,
        outcome: 'skipped',
        detail: expect.stringContaining('no sample'),
      })),
    );
    const { results } = await sendTestEvents(
      optionsFor(sandbox.url, { events: ['users.UserOrphan'] }),
      signal,
    );
    expect(results[0]!.detail).toContain('no documented Mixpanel form');
    expect(sandbox.stats().requests.total).toBe(0);
  }));

test('with wrong credentials nothing arrives, and it says why', () =>
  withSandbox(async (sandbox) => {
    const settings = { events: ['users.messages.email.Click'] };
    const report = await sendTestEvents(
      optionsFor(sandbox.url, settings, {
        destination: {
          credentials: { kind: 'project-token', token: 'wrong' },
          region: 'us',
          url: sandbox.url,
        },
      }),
      signal,
    );
    expect(report.halted).toContain('401');
    expect(outcomes(report)).toEqual({ 'not-sent': 1 });
    expect(sandbox.events()).toEqual([]);
  }));

test('an answer that asks to try again is tried again', () =>
  withSandbox(async (sandbox) => {
    sandbox.faults.set([{ kind: 'status', status: 503, match: { requests: 2 } }]);
    const settings = { events: ['users.messages.email.Click'] };
    const retries: string[] = [];
    const report = await sendTestEvents(optionsFor(sandbox.url, settings), signal, {
      onRetry: ({ detail }) => retries.push(detail),
    });
    expect(outcomes(report)).toEqual({ sent: 1 });
    expect(retries).toHaveLength(2);
    expect(sandbox.events()).toHaveLength(1);
  }));
