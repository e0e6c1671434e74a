import * as argon2 from '@node-rs/argon2';
import { expect, test, vi } from 'vitest';
import { createPasswordCheck, hashPassword, passwordFault } from './password.ts';

vi.mock(import('@node-rs/argon2'), async (original) => {
  const { hash, verify } = await original();
  return { hash: vi.fn(hash), verify: vi.fn(verify) };
});

test('hashes are argon2id with the parameters of the advice, and salted', async () => {
  const [one, two] = [
    await hashPassword('swordfish swordfish'),
    await hashPassword('swordfish swordfish'),
  ];
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(one).not.toBe(two);
});

test('a password is right however the keyboard writes its letters', async () => {
  const passwords = createPasswordCheck();
  const hash = await hashPassword('caf\u00e9 com leite');
  expect(await passwords.verify('cafe\u0301 com leite', hash)).toBe(true);
  expect(await passwords.verify('cafe com leite', hash)).toBe(false);
});

test('who does not exist costs as much as who does, and is never right', async () => {
  const passwords = createPasswordCheck();
  const hash = await hashPassword('swordfish swordfish');
  await passwords.verify('warm up', undefined);
  for (const against of [hash, undefined, null]) {
    vi.mocked(argon2.verify).mockClear();
    vi.mocked(argon2.hash).mockClear();
    expect(await passwords.verify('a wrong password', against)).toBe(false);
    const [call] = vi.mocked(argon2.verify).mock.calls;
    expect(call![0]).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(vi.mocked(argon2.verify)).toHaveBeenCalledTimes(1);
    expect(vi.mocked(argon2.hash)).not.toHaveBeenCalled();
  }
});

test('few are checked at once, and not many wait', async () => {
  const passwords = createPasswordCheck();
  const hash = await hashPassword('swordfish swordfish');
  const gate = Promise.withResolvers<boolean>();
  vi.mocked(argon2.verify).mockClear();
  vi.mocked(argon2.verify).mockImplementation(() => gate.promise);
  const asked = Array.from({ length: 100 }, () => passwords.verify('x', hash));
  await expect.poll(() => vi.mocked(argon2.verify).mock.calls.length).toBe(2);
  gate.resolve(true);
  const answers = await Promise.all(asked);
  expect(answers.filter((each) => each === true)).toHaveLength(66);
  expect(answers.filter((each) => each === undefined)).toHaveLength(34);
});

test('a weak password is told from a good one', () => {
  for (const weak of [
    '',
    'short',
    'eleven char',
    'aaaaaaaaaaaaaaaa',
    'Administrator',
    'x'.repeat(300),
  ])
    expect([weak, typeof passwordFault('administrator', weak)]).toEqual([weak, 'string']);
  // Twelve characters, however many code units.
  expect(passwordFault('admin', '👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧🐟')).toContain('not 5');
  expect(passwordFault('admin', 'correct horse')).toBeUndefined();
});
