import { LOCALES, type Locale } from './locales.ts';
import { type Device, deviceOf } from './devices.ts';
import { Random, type Seed, seedOf } from './random.ts';

/** One person of the population. Never changes within a run. */
export interface User {
  /** Braze's own id: 24 hexadecimal digits. */
  readonly userId: string;
  /** Null for the anonymous. */
  readonly externalUserId: string | null;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly phone: string;
  readonly gender: string;
  /** YYYY-MM-DD */
  readonly birthday: string;
  readonly city: string;
  readonly country: string;
  readonly language: string;
  /** IANA name. */
  readonly timezone: string;
  readonly currency: string;
  readonly carrier: string;
  /** A line in the user's own language, as they would write it in a message. */
  readonly phrase: string;
  readonly device: Device;
  /** WhatsApp's business-scoped user id. */
  readonly bsuid: string;
  readonly lineId: string;
}

/** Users by number, from 0. Made when asked for; the last ones are kept. */
export type Population = (index: number) => User;

const KEPT_USERS = 16_384;
const MAIL_DOMAINS = ['example.com', 'example.com', 'example.net', 'example.org', 'mail.example'];

/** Of `n` users exactly `floor(n × anonymousShare)` have no external id, evenly spread. */
export function population(
  seed: string,
  anonymousShare: number,
  apps: Readonly<Record<string, string>>,
): Population {
  const own = seedOf(`${seed}/users`);
  const kept: { index: number; user: User }[] = [];
  return (index) => {
    const slot = index % KEPT_USERS;
    const found = kept[slot];
    if (found?.index === index) return found.user;
    const user = userOf(own, index, isAnonymous(index, anonymousShare), apps);
    kept[slot] = { index, user };
    return user;
  };
}

function isAnonymous(index: number, share: number): boolean {
  return Math.floor((index + 1) * share) > Math.floor(index * share);
}

function userOf(
  seed: Seed,
  index: number,
  anonymous: boolean,
  apps: Readonly<Record<string, string>>,
): User {
  const random = new Random(seed, index);
  const locale = random.pick(LOCALES);
  const [firstName, firstLatin] = random.pick(locale.firstNames);
  const [lastName, lastLatin] = random.pick(locale.lastNames);
  const [city, timezone] = random.pick(locale.cities);
  const externalId = externalIdOf(random, index);
  return {
    userId: random.hex(24),
    externalUserId: anonymous ? null : externalId,
    firstName,
    lastName,
    email: `${firstLatin}.${lastLatin}${index}@${random.pick(MAIL_DOMAINS)}`,
    phone: phoneOf(random, locale),
    gender: random.pick(['F', 'F', 'F', 'M', 'M', 'M', 'O', 'N', 'P']),
    birthday: `${random.between(1955, 2007)}-${two(random.between(1, 12))}-${two(random.between(1, 28))}`,
    city,
    country: locale.country,
    language: locale.language,
    timezone,
    currency: locale.currency,
    carrier: random.pick(locale.carriers),
    phrase: random.pick(locale.phrases),
    device: deviceOf(random, locale, apps),
    bsuid: `${locale.country}.${random.between(1e15, 9e15)}`,
    lineId: `U${random.hex(32)}`,
  };
}

/** Workspaces mix the styles of several sign-up systems; the number in it makes it unique. */
function externalIdOf(random: Random, index: number): string {
  const style = random.unit();
  if (style < 0.7) return `cus_${random.hex(10)}${index.toString(36)}`;
  if (style < 0.9) return String(10_000_000 + index);
  if (style < 0.98) return random.uuid();
  return `kunde-größe-${index}`;
}

function phoneOf(random: Random, { dialling }: Locale): string {
  return `+${dialling}555${random.between(1_000_000, 9_999_999)}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
