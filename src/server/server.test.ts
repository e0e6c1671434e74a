import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { startServer } from './server.ts';

test('closing lets requests under way end, and takes no others', async () => {
  const gate = Promise.withResolvers<string>();
  let asked = 0;
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    register: (app) => {
      app.get('/slow', () => {
        asked++;
        return gate.promise;
      });
    },
  });
  const slow = fetch(`${server.url}/slow`);
  await expect.poll(() => asked).toBe(1);
  const closed = server.close();
  gate.resolve('done');
  expect(await (await slow).text()).toBe('done');
  await closed;
  await expect(fetch(`${server.url}/slow`)).rejects.toThrow('fetch failed');
});

test('closing does not wait for ever for those that never end', async () => {
  let asked = 0;
  const server = await startServer({
    ...{ host: '127.0.0.1', port: 0, limits: { closeMs: 50 } },
    register: (app) => {
      app.get('/never', () => {
        asked++;
        return new Promise(() => undefined);
      });
    },
  });
  const never = fetch(`${server.url}/never`);
  const ended = expect(never).rejects.toThrow('fetch failed');
  await expect.poll(() => asked).toBe(1);
  await server.close();
  await ended;
});

test('it says when it can not listen', async () => {
  const register = (): void => undefined;
  const server = await startServer({ host: '127.0.0.1', port: 0, register });
  const port = Number(new URL(server.url).port);
  await expect(startServer({ host: '127.0.0.1', port, register })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  await server.close();
});

test('more connections than there may be are closed at once', async () => {
  const server = await startServer({
    ...{ host: '127.0.0.1', port: 0, limits: { connections: 2 } },
    register: () => undefined,
  });
  const { hostname, port } = new URL(server.url);
  const sockets = [];
  let closed = 0;
  for (let i = 0; i < 4; i++) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.on('close', () => closed++);
    await new Promise((resolve) => {
      socket.on('connect', resolve);
    });
    sockets.push(socket);
  }
  await expect.poll(() => closed).toBe(2);
  for (const socket of sockets) socket.destroy();
  await server.close();
});
