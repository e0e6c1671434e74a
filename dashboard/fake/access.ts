import type * as Api from '../src/api.ts';
import { type Answer, type Call, done, ok, text } from './answer.ts';
import type { World } from './world.ts';

export function people(world: World, { method, body }: Call, name: string | undefined): Answer {
  if (method === 'POST') {
    const made: Api.User = {
      name: text(body['name']),
      role: body['role'] as Api.Role,
      createdAt: new Date().toISOString(),
      lastSeenAt: null,
      disabled: false,
      signIn: 'password',
    };
    world.users = [...world.users, made];
    return { status: 201, body: made };
  }
  if (method === 'PATCH') {
    world.users = world.users.map((each) => (each.name === name ? { ...each, ...body } : each));
    return ok(world.users.find((each) => each.name === name));
  }
  if (method === 'DELETE') {
    world.users = world.users.filter((each) => each.name !== name);
    return done;
  }
  return ok({ items: world.users, next: null });
}

export function tokens(world: World, { method, body }: Call, id: string | undefined): Answer {
  if (method === 'POST') {
    const made: Api.ApiToken = {
      id: world.tokens.length + 1,
      name: text(body['name']),
      role: body['role'] as Api.Role,
      createdAt: new Date().toISOString(),
      createdBy: 'admin',
      lastUsedAt: null,
      expiresAt: body['expiresAt'] === undefined ? null : text(body['expiresAt']),
    };
    world.tokens = [...world.tokens, made];
    return { status: 201, body: { ...made, token: 'slc_8sLw2Xc7Rb5YdZk3vT0mPq' } };
  }
  if (method === 'DELETE') {
    world.tokens = world.tokens.filter((each) => each.id !== Number(id));
    return done;
  }
  return ok({ items: world.tokens, next: null });
}
