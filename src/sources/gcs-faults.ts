import { isTemporary, networkFault, quote, StoreError } from './object-store.ts';

interface Answered {
  readonly status?: number;
  /** Of the library that signs in. */
  readonly response?: {
    readonly status?: number;
    readonly data?: { readonly error?: unknown; readonly error_description?: unknown };
  };
}

/** What an error of a request to Google means; undefined when it comes from neither the store nor the way to it. */
export function gcsFault(
  error: unknown,
  doing: 'list' | 'read',
  bucket: string,
): StoreError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { status, response } = error as Answered & Error;
  if (response?.data?.error !== undefined) return signInFault(response);
  const refused = (code: string, text: string, hint: string): StoreError =>
    new StoreError('refused', code, text, hint);

  if (/Could not load the default credentials/.test(error.message))
    return refused(
      'no_credentials',
      'There are no Google credentials',
      'Give the key of a service account, set GOOGLE_APPLICATION_CREDENTIALS, or run on a machine with an account.',
    );
  if (String((error as NodeJS.ErrnoException).code).startsWith('ERR_OSSL'))
    return refused(
      'wrong_credentials',
      'The private key of the service account is no valid key',
      'Give the text of the key file whole, with its line breaks.',
    );
  const network = networkFault(error);
  if (network) return network;
  if (error instanceof SyntaxError)
    return new StoreError('temporary', 'temporarily_unavailable', "the store's answer is no JSON");
  if (status === undefined) return undefined;
  if (isTemporary(status))
    return new StoreError('temporary', 'temporarily_unavailable', `the store answers ${status}`);
  if (status === 412 || status === 416)
    return new StoreError('changed', 'changed_while_reading', 'it was overwritten');
  if (status === 404)
    return doing === 'read'
      ? new StoreError('gone', 'vanished', 'it is gone')
      : refused('no_bucket', `There is no bucket ${bucket} (404)`, 'Check its name.');
  if (status === 401)
    return refused(
      'wrong_credentials',
      'The Google credentials are not accepted (401)',
      'Check that the key still exists, and that this machine tells the right time.',
    );
  if (status === 403)
    return new StoreError(
      'denied',
      'no_access',
      doing === 'list'
        ? `The bucket ${bucket} may not be listed (403)`
        : 'it may not be read (403)',
      'The account needs storage.objects.list and storage.objects.get on the bucket, as the role Storage Object Viewer has them.',
    );
  return refused(
    'store_refused',
    `The store refuses to ${doing}: ${status}: ${quote(reasonOf(error.message))}`,
    'Check the bucket and the endpoint.',
  );
}

function signInFault({ status, data }: NonNullable<Answered['response']>): StoreError {
  if (isTemporary(status))
    return new StoreError(
      'temporary',
      'temporarily_unavailable',
      `signing in at Google is answered ${status}`,
    );
  const why = typeof data?.error_description === 'string' ? data.error_description : data?.error;
  const said = quote(typeof why === 'string' ? why : `${status}`);
  return /iat|exp values|short-lived/.test(said)
    ? new StoreError(
        'refused',
        'clock_skew',
        `Google refuses to sign in because of the time: ${said}`,
        "This machine's clock is wrong: set it right.",
      )
    : new StoreError(
        'refused',
        'wrong_credentials',
        `Google refuses to sign in: ${said}`,
        'Check that the service account and its key still exist.',
      );
}

function reasonOf(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? error.message : body;
  } catch {
    return body;
  }
}
