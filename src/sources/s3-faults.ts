import { isTemporary, networkFault, quote, StoreError } from './object-store.ts';

interface Place {
  readonly bucket: string;
  readonly region?: string | undefined;
}

interface ServiceError {
  readonly name: string;
  readonly message: string;
  readonly Region?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

const KEYS = [
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'TokenRefreshRequired',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
];
const EXPIRED = ['ExpiredToken', 'ExpiredTokenException'];
const ELSEWHERE = [
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
];
const SLOW_DOWN = [
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'RequestTimeout',
  'InternalError',
];

/** What an error of the S3 client means; undefined when it comes from neither the store nor the way to it. */
export function s3Fault(
  error: unknown,
  doing: 'list' | 'read',
  place: Place,
): StoreError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message, Region, $metadata, $response } = error as ServiceError & Error;
  const { bucket, region } = place;
  const status = $metadata?.httpStatusCode;
  const said = status === undefined ? name : `${status} ${name}`;
  const refused = (code: string, text: string, hint: string): StoreError =>
    new StoreError('refused', code, text, hint);

  if (name === 'CredentialsProviderError' || name === 'TokenProviderError')
    return refused(
      'no_credentials',
      `There are no AWS credentials: ${quote(message)}`,
      'Give an access key, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run on a machine with a role.',
    );
  if (message === 'Region is missing')
    return refused(
      'no_region',
      `The region of ${bucket} is not known`,
      'Set region, or AWS_REGION.',
    );
  if (/sts:AssumeRole/.test(message))
    return refused(
      'no_role',
      `The role may not be taken on (${said})`,
      "Check the role's ARN, the external id, and that its trust policy names the identity Sluice runs as.",
    );
  if (KEYS.includes(name))
    return refused(
      'wrong_credentials',
      `The AWS credentials are not accepted (${said})`,
      'Check the access key and its secret.',
    );
  if (EXPIRED.includes(name))
    return refused(
      'expired_credentials',
      `The AWS credentials have expired (${said})`,
      'A session token lasts only some hours: use a role, or set a new token.',
    );
  if (ELSEWHERE.includes(name) || status === 301) {
    const right = Region ?? $response?.headers?.['x-amz-bucket-region'];
    return refused(
      'wrong_region',
      `The bucket ${bucket} is not in the region ${region ?? 'that was set'} (${said})`,
      right === undefined ? "Set region to the bucket's." : `Set region to ${right}.`,
    );
  }
  if (name === 'RequestTimeTooSkewed')
    return refused(
      'clock_skew',
      `The store refuses requests because of their time (${said})`,
      "This machine's clock is off by more than 15 minutes: set it right.",
    );
  if (name === 'NoSuchBucket')
    return refused(
      'no_bucket',
      `There is no bucket ${bucket} (${said})`,
      'Check its name and the endpoint.',
    );
  if (name === 'InvalidObjectState')
    return new StoreError(
      'denied',
      'archived',
      `it lies in an archive (${said})`,
      'Restore it, or let the lifecycle rule of the bucket spare the last weeks.',
    );
  if (SLOW_DOWN.includes(name) || isTemporary(status))
    return new StoreError('temporary', 'temporarily_unavailable', `the store answers ${said}`);
  if (status === 412 || status === 416)
    return new StoreError('changed', 'changed_while_reading', 'it was overwritten');
  if (status === 404 && doing === 'read') return new StoreError('gone', 'vanished', 'it is gone');
  if (status === 401 || status === 403)
    return new StoreError(
      'denied',
      'no_access',
      doing === 'list'
        ? `The bucket ${bucket} may not be listed (${said})`
        : `it may not be read (${said})`,
      'The identity needs s3:ListBucket on the bucket and s3:GetObject on its objects; where they are encrypted, kms:Decrypt too.',
    );
  const network = networkFault(error);
  if (network) return network;
  if (status === undefined) return undefined;
  // A success that can't be read comes from something between us and the store, and may be gone next time.
  if (status < 300)
    return new StoreError(
      'temporary',
      'temporarily_unavailable',
      `the store's answer can't be read (${said})`,
    );
  return refused(
    'store_refused',
    `The store refuses to ${doing}: ${said}: ${quote(message)}`,
    'Check the bucket, the endpoint and whether it needs path style.',
  );
}
