import { newSecret } from './secrets.ts';

/** At least, in characters. */
export const PASSWORD_LENGTH = 12;
/** At most: nobody types more, and hashing it is work. */
export const PASSWORD_MOST = 256;

/** As OWASP's Password Storage Cheat Sheet has it: 19 MiB, 2 passes, 1 lane. argon2id is the library's default. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Each holds a thread of the pool that also reads and writes files, and 19 MiB. */
const AT_ONCE = 2;
const WAITING = 64;

/** What is wrong with a new password, in words; undefined when nothing is. */
export function passwordFault(name: string, password: string): string | undefined {
  const length = [...new Intl.Segmenter().segment(password)].length;
  if (length < PASSWORD_LENGTH)
    return `A password has at least ${PASSWORD_LENGTH} characters, not ${length}`;
  if (length > PASSWORD_MOST) return `A password has at most ${PASSWORD_MOST} characters`;
  if (password.trim().toLowerCase() === name.toLowerCase())
    return 'A password is not the name of its user';
  if (new Set(password).size === 1) return 'A password is more than one character repeated';
  return undefined;
}

/** argon2id in the PHC format. */
export async function hashPassword(password: string): Promise<string> {
  const { hash } = await import('@node-rs/argon2');
  return hash(composed(password), ARGON2);
}

export interface PasswordCheck {
  /**
   * Whether a password is right. Takes as long where there is no such user (`hash` undefined or null) as where there
   * is one. Undefined when too many are waiting already.
   */
  verify(password: string, hash: string | null | undefined): Promise<boolean | undefined>;
}

/** Checks passwords, a few at once: guessing must not take the machine away from the work. */
export function createPasswordCheck(): PasswordCheck {
  const queue: (() => void)[] = [];
  let asked = 0;
  let running = 0;
  let nobody: Promise<string> | undefined;

  const enter = (): Promise<void> => {
    if (running < AT_ONCE) {
      running++;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      queue.push(resolve);
    });
  };
  const leave = (): void => {
    const next = queue.shift();
    if (next) next();
    else running--;
  };
  const check = async (password: string, hash: string | null | undefined): Promise<boolean> => {
    const { verify } = await import('@node-rs/argon2');
    nobody ??= hashPassword(newSecret());
    const against = hash ?? (await nobody);
    await enter();
    try {
      const isRight = await verify(against, composed(password));
      return isRight && typeof hash === 'string';
    } finally {
      leave();
    }
  };

  return {
    async verify(password, hash) {
      if (asked >= AT_ONCE + WAITING) return undefined;
      asked++;
      try {
        return await check(password, hash);
      } finally {
        asked--;
      }
    },
  };
}

/** Keyboards differ in how they write an é. */
function composed(password: string): string {
  return password.normalize('NFKC');
}
