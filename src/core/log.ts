/** What a log line may carry beside its words: plain values by name. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where the service says what happens, one line an event of note. Whoever writes it out takes secrets out first. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** `error`: a fault of ours, whose stack is wanted. */
  error(message: string, fields?: LogFields, error?: unknown): void;
}
