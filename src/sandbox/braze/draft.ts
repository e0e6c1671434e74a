import type { Platform } from './devices.ts';
import type { Journey } from './moment.ts';
import type { Random } from './random.ts';
import { ALL_TYPES } from './schemas.ts';
import type { Channel, Message } from './workspace.ts';

/** One event of a journey, not yet filled in. */
export interface Step {
  readonly type: string;
  /** The event's own time, seconds since 1970. */
  readonly time: number;
  /** When Braze queued it for export, seconds since 1970: later than `time` for what a device did offline. */
  readonly queuedAt: number;
  readonly message: Message;
  readonly journey: Journey;
}

/** A way that users take: its script writes down what happens, in order. */
export interface JourneyKind {
  readonly name: string;
  /** How often it starts, in relation to the sum over all kinds. */
  readonly weight: number;
  readonly channel: Channel;
  /** What it springs from: a campaign or a Canvas; `either` decides for each journey. */
  readonly origin: 'campaign' | 'canvas' | 'either';
  /** Only users on this platform. */
  readonly platform?: Platform;
  /** Every type it can give. */
  readonly types: readonly string[];
  readonly script: (draft: Draft, random: Random) => void;
}

const OFFLINE_SHARE = 0.004;
const OFFLINE_SECONDS = 6 * 3600;
/** What a device notes by itself and sends once it is online. */
const ON_DEVICE: ReadonlySet<string> = new Set(
  ALL_TYPES.filter((type) =>
    /^users\.behaviors\.(?:CustomEvent|Location|app\.)|\.Impression$/.test(type),
  ),
);

/** A journey that is being written down. */
export class Draft {
  readonly steps: Step[] = [];
  readonly journey: Journey;
  message: Message;
  private time: number;
  private readonly random: Random;
  private readonly pace: number;

  /** `pace` shortens the time between steps, for runs over few hours. */
  constructor(journey: Journey, message: Message, time: number, random: Random, pace: number) {
    this.journey = journey;
    this.message = message;
    this.time = time;
    this.random = random;
    this.pace = pace;
  }

  /** The time of the latest event, seconds since 1970. */
  get now(): number {
    return this.time;
  }

  /** Writes down an event, `min` to `max` seconds after the one before it, if there is one; short waits are more frequent. */
  add(type: string, min = 0, max = min): void {
    if (max > 0 && this.steps.length > 0) {
      const luck = this.random.unit();
      this.time += Math.ceil((min + (max - min) * luck * luck * luck) * this.pace);
    }
    const { time } = this;
    const offline = ON_DEVICE.has(type) && this.random.chance(OFFLINE_SHARE);
    const queuedAt = offline ? time + this.random.between(60, OFFLINE_SECONDS) : time;
    this.steps.push({ type, time, queuedAt, message: this.message, journey: this.journey });
  }
}
