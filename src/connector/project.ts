import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import type { MixpanelInput } from '../sinks/mixpanel.ts';

/** The project token, for the `token` property. */
export function tokenOf({ credentials, token }: MixpanelInput): string | undefined {
  return credentials.kind === 'project-token' ? credentials.token : token;
}

/** Names a Mixpanel project without giving a secret away. */
export function projectOf(destination: MixpanelInput): string {
  const { credentials, region, url } = destination;
  const token = tokenOf(destination);
  const place = url?.replace(/\/+$/, '') ?? region;
  if (credentials.kind === 'service-account') return `${place}/project ${credentials.projectId}`;
  const secret = token ?? (credentials.kind === 'api-secret' ? credentials.secret : '');
  return `${place}/project ~${hash('sha256', secret, 'hex').slice(0, 8)}`;
}

/** How an export is called in the ledger when nobody gave it a name. */
export function connectionName(from: string, destination: MixpanelInput): string {
  return `${resolve(from)} → ${projectOf(destination)}`;
}
