/** An error that a person can mend: `message` says what is wrong, `hint` what to do. */
export class SluiceError extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
  }
}

/** The call or the settings are wrong. */
export class UsageError extends SluiceError {}

/** Something that a person filled in is wrong; `fields` says where. */
export class InputError extends UsageError {
  /** Of each wrong place its path, such as `source.bucket`, and what is wrong there. */
  readonly fields: readonly { readonly path: string; readonly message: string }[];

  constructor(
    code: string,
    message: string,
    fields: readonly { readonly path: string; readonly message: string }[],
    options: { hint?: string; cause?: unknown } = {},
  ) {
    super(code, message, options);
    this.fields = fields;
  }
}

/** A whole source can't be listed. */
export class SourceError extends SluiceError {}

/** One slice can't be read to its end. The rest of the source still can. */
export class SliceError extends SluiceError {
  readonly slice: string;
  /** Byte offset at which reading broke off. */
  readonly offset: number;

  constructor(
    code: string,
    message: string,
    place: { slice: string; offset: number },
    options: { hint?: string; cause?: unknown } = {},
  ) {
    super(code, message, options);
    this.slice = place.slice;
    this.offset = place.offset;
  }
}

/** State can't be read or committed. */
export class StateError extends SluiceError {}

/** An error in one text: what is wrong, and what to do. */
export function withHint({ message, hint }: SluiceError): string {
  return hint === undefined ? message : `${message.replace(/[.!?]?$/, '.')} ${hint}`;
}
