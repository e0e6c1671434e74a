/** A form that is not finished. It may hold secrets: it is sealed at rest. */
export interface Draft {
  readonly id: string;
  /** Where the person stood in the form. */
  readonly step: string;
  /** Half a connection. */
  readonly spec: unknown;
  readonly updatedAt: number;
}

export interface Drafts {
  /** Newest first. */
  list(): Promise<Draft[]>;
  get(id: string): Promise<Draft | undefined>;
  /** Beyond a bound the oldest are dropped. */
  put(draft: Draft): Promise<void>;
  remove(id: string): Promise<void>;
}
