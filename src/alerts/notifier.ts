import type { Message } from './message.ts';
import type { AlertConnection } from './rules.ts';

/** A way to tell people. */
export interface Notifier {
  /** For logs: `email`, `webhook`. */
  readonly name: string;
  /** Where messages on a connection go; undefined when it has no such place. May be a secret. */
  addressOf(connection: AlertConnection): string | undefined;
  /**
   * Sends once, within a time of its own. Throws SluiceError when it was not taken, without a secret in its words;
   * whoever calls tries again.
   */
  send(address: string, message: Message, signal: AbortSignal): Promise<void>;
}

/** What went wrong is said through this; facts hold no secret. */
export type Log = (text: string, facts: Readonly<Record<string, unknown>>) => void;
