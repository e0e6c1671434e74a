import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { startMixpanelSandbox } from './server.ts';
import {
  anEvent,
  call,
  importTo,
  someEvents,
  testSandbox,
} from '../../../test/support/sandbox-client.ts';

describe("the sandbox's own calls", () => {
  test('stats are those of the API', async () => {
    await using sandbox = await testSandbox();
    await importTo(sandbox, [...someEvents(2), anEvent({ time: 'x' })]);
    const { json } = await call(`${sandbox.url}/sandbox/stats`);
    expect(json).toEqual(JSON.parse(JSON.stringify(sandbox.stats())));
    expect(json).toMatchObject({
      ingested: 2,
      rejected: 1,
      requests: { total: 1, byStatus: { 400: 1 } },
    });
    expect(json.bytes.uncompressed).toBeGreaterThan(json.bytes.received);
  });

  test('events are the distinct ones, by name and limit', async () => {
    await using sandbox = await testSandbox();
    await importTo(sandbox, [...someEvents(3), ...someEvents(3), anEvent({}, 'Click')]);
    const { json } = await call(`${sandbox.url}/sandbox/events?event=Open&limit=2`);
    expect(json.map((each: { event: string }) => each.event)).toEqual(['Open', 'Open']);
    expect((await call(`${sandbox.url}/sandbox/events`)).json).toHaveLength(4);
    expect((await call(`${sandbox.url}/sandbox/events?limit=x`)).status).toBe(400);
  });

  test('the page shows the counts and escapes names', async () => {
    await using sandbox = await testSandbox();
    await importTo(sandbox, [anEvent({}, '<b>&')]);
    const { text, headers } = await call(`${sandbox.url}/`);
    expect(headers['content-type']).toContain('text/html');
    expect(text).toContain('<td>&lt;b>&amp;</td><td>1</td><td>1</td>');
    expect(text).not.toContain('<script');
  });

  test('deleting the events forgets events and counts', async () => {
    await using sandbox = await testSandbox();
    await importTo(sandbox, someEvents(2));
    await call(`${sandbox.url}/sandbox/events`, { method: 'DELETE' });
    expect(sandbox.stats()).toMatchObject({
      ingested: 0,
      distinct: 0,
      events: {},
      requests: { total: 0 },
      storage: { bytes: 0 },
    });
    await importTo(sandbox, someEvents(2));
    expect(sandbox.stats()).toMatchObject({ ingested: 2, distinct: 2, duplicates: 0 });
  });

  test('bad credentials are refused', async () => {
    await using sandbox = await testSandbox();
    const body = JSON.stringify({ projectId: 'x' });
    const url = `${sandbox.url}/sandbox/credentials`;
    expect((await call(url, { method: 'POST', body })).status).toBe(400);
    expect((await importTo(sandbox, [anEvent()])).status).toBe(200);
  });

  test.each(['/', '/import', '/nowhere', '//'])('there is no DELETE %s', async (path) => {
    await using sandbox = await testSandbox();
    const answer = await call(`${sandbox.url}${path}`, { method: 'DELETE' });
    expect(answer.status).toBe(404);
    expect(answer.json.error).toContain('there is no DELETE');
  });
});

describe('starting and closing', () => {
  test('a port that is taken rejects', async () => {
    await using sandbox = await testSandbox();
    await expect(startMixpanelSandbox({ port: sandbox.port })).rejects.toThrow('EADDRINUSE');
  });

  test('closing ends idle connections and half-sent requests, and may be called twice', async () => {
    await using sandbox = await testSandbox();
    await importTo(sandbox, [anEvent()]);
    const socket = connect(sandbox.port, '127.0.0.1');
    socket.write('POST /import HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf');
    await expect.poll(() => sandbox.stats().requests.total).toBe(2);
    const gone = new Promise((resolve) => {
      socket.on('error', resolve);
      socket.on('close', resolve);
    });
    await Promise.all([sandbox.close(), sandbox.close()]);
    await gone;
    await expect(call(`${sandbox.url}/`)).rejects.toThrow();
  });
});
