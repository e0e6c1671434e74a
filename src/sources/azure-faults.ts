import { isTemporary, networkFault, quote, StoreError } from './object-store.ts';

interface ServiceError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly statusCode?: number;
  readonly details?: { readonly errorCode?: string };
}

const NO_IDENTITY = ['CredentialUnavailableError', 'AggregateAuthenticationError'];
const NOT_SIGNED_IN = ['AuthenticationError', 'AuthenticationRequiredError'];
const KEYS = [
  'AuthenticationFailed',
  'InvalidAuthenticationInfo',
  'NoAuthenticationInformation',
  'KeyBasedAuthenticationNotPermitted',
];

/** What an error of the blob client means; undefined when it comes from neither the store nor the way to it. */
export function azureFault(
  error: unknown,
  doing: 'list' | 'read',
  container: string,
): StoreError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message, statusCode: status, code, details } = error as ServiceError & Error;
  const known = details?.errorCode ?? code ?? name;
  const said = status === undefined ? known : `${status} ${known}`;
  const refused = (what: string, text: string, hint: string): StoreError =>
    new StoreError('refused', what, text, hint);

  if (NO_IDENTITY.includes(name))
    return refused(
      'no_credentials',
      'There is no Azure identity',
      'Give a connection string, an account key or a shared access signature, or run on a machine with an identity.',
    );
  if (NOT_SIGNED_IN.includes(name))
    return refused(
      'wrong_credentials',
      `Azure refuses to sign in: ${quote(message)}`,
      "Check the identity's tenant, client and secret.",
    );
  if (known === 'ContainerNotFound')
    return refused(
      'no_container',
      `There is no container ${container} (${said})`,
      'Check its name and the account.',
    );
  if (known === 'AccountIsDisabled')
    return refused('store_refused', `The account is disabled (${said})`, 'Enable it in Azure.');
  if (known === 'BlobArchived')
    return new StoreError(
      'denied',
      'archived',
      `it lies in the archive tier (${said})`,
      'Rehydrate it, or let the lifecycle rule of the account spare the last weeks.',
    );
  if (isTemporary(status))
    return new StoreError('temporary', 'temporarily_unavailable', `the store answers ${said}`);
  if (status === 412 || status === 416)
    return new StoreError('changed', 'changed_while_reading', 'it was overwritten');
  if (status === 404 && doing === 'read') return new StoreError('gone', 'vanished', 'it is gone');
  if (status === 401 || KEYS.includes(known))
    return notAccepted(said, `${message} ${JSON.stringify(details)}`);
  if (status === 403)
    return new StoreError(
      'denied',
      'no_access',
      doing === 'list'
        ? `The container ${container} may not be listed (${said})`
        : `it may not be read (${said})`,
      'The identity needs the role Storage Blob Data Reader; a shared access signature needs read and list; and the network rules of the account must let this machine in.',
    );
  const network = networkFault(error);
  if (network) return network;
  if (status === undefined) return undefined;
  return refused(
    'store_refused',
    `The store refuses to ${doing} (${said})`,
    'Check the account, the container and the endpoint.',
  );
}

/** Azure tells in words alone why a signature is not accepted; they hold parts of it, so only their sense is kept. */
function notAccepted(said: string, words: string): StoreError {
  if (/date header too old|not within the allowed/i.test(words))
    return new StoreError(
      'refused',
      'clock_skew',
      `Azure refuses requests because of their time (${said})`,
      "This machine's clock is off by more than 15 minutes: set it right.",
    );
  if (/not valid in the specified time frame|expired/i.test(words))
    return new StoreError(
      'refused',
      'expired_credentials',
      `The shared access signature is not valid now (${said})`,
      'Make a new one with a later end.',
    );
  return new StoreError(
    'refused',
    'wrong_credentials',
    `The Azure credentials are not accepted (${said})`,
    'Check the account and its key or signature, and that this machine tells the right time.',
  );
}
