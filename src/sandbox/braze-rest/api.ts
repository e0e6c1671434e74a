import { type Answer, jsonAnswer } from '../mixpanel/answer.ts';
import { isRecord } from '../mixpanel/text.ts';
import { countUp } from '../mixpanel/tally.ts';
import type { BrazePath, FaultRule } from './faults.ts';
import { changeMembers, createCohort, PartnerError } from './partner.ts';
import { applyAttributes, refusalOf, type TrackError, type TrackObject } from './track.ts';
import type { Workspace } from './workspace.ts';

/** 4 MB, as clients of Braze keep to. */
export const MAX_BODY = 4 * 1024 * 1024;

const ARRAYS = ['attributes', 'events', 'purchases'] as const;
const NOTHING_VALID =
  "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.";

const message = (status: number, text: string, headers = {}): Answer =>
  jsonAnswer(status, { message: text }, headers);

/** The call of Braze's that a request makes; undefined when it is none that the sandbox serves. */
export function brazePathOf(
  method: string,
  pathname: string,
): { path: BrazePath; partner: string } | undefined {
  if (method !== 'POST') return undefined;
  if (pathname === '/users/track') return { path: pathname, partner: '' };
  const found = /^\/partners\/([^/]+)(\/cohorts(?:\/users)?)$/.exec(pathname);
  if (!found) return undefined;
  return { path: `/partners${found[2] as '/cohorts' | '/cohorts/users'}`, partner: found[1]! };
}

export interface Call {
  readonly path: BrazePath;
  readonly partner: string;
  readonly authorization: string | undefined;
  /** Undefined when it was too large. */
  readonly body: string | undefined;
}

/** Checks a call and does what it asks for. `rule`: a fault that fails single objects. */
export function runCall(workspace: Workspace, call: Call, rule: FaultRule | undefined): Answer {
  countUp(workspace.tally.byPath, call.path);
  const answer =
    call.path === '/users/track'
      ? runTrack(workspace, call, rule?.kind === 'errors' ? rule : undefined)
      : runPartner(workspace, call);
  // The clock of the sandbox may be another than that of this machine.
  return {
    ...answer,
    headers: { ...answer.headers, date: new Date(workspace.clock()).toUTCString() },
  };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    // A body that is no JSON gets the 400 of the caller.
    return undefined;
  }
}

function runTrack(
  workspace: Workspace,
  call: Call,
  fault: (FaultRule & { kind: 'errors' }) | undefined,
): Answer {
  const key = /^bearer\s+(.+)$/i.exec(call.authorization ?? '')?.[1]?.trim() ?? '';
  const permissions = workspace.credentials.apiKeys[key];
  if (!permissions || workspace.switches.wrongInstance) return message(401, 'Invalid API Key');
  if (!permissions.includes('users.track'))
    return message(403, 'Access to this endpoint is not permitted for this API key');
  const { isWithin, headers } = workspace.takeTrack();
  if (!isWithin) return message(429, 'Rate limit exceeded', headers);
  if (call.body === undefined) return message(413, 'Request Entity Too Large', headers);
  const body = parsed(call.body);
  if (!body) return message(400, 'The request body is not valid JSON', headers);
  const arrays = ARRAYS.map((name) => [name, body[name] ?? []] as const);
  const wrong = arrays.find(([, list]) => !Array.isArray(list));
  if (wrong) return message(400, `'${wrong[0]}' must be an array`, headers);
  const lists = arrays as (readonly [(typeof ARRAYS)[number], unknown[]])[];
  if (isTooLong(lists, workspace)) return message(400, 'Max Input Length Exceeded', headers);
  const errors: TrackError[] = [];
  const taken: TrackObject[] = [];
  const processed: Record<string, number> = {};
  for (const [name, list] of lists)
    for (const [index, object] of list.entries()) {
      const isFault = fault && index % fault.every === 0;
      const type = isFault
        ? fault.type
        : refusalOf(name === 'attributes' ? object : identityOf(object));
      if (type === undefined) {
        processed[`${name}_processed`] = (processed[`${name}_processed`] ?? 0) + 1;
        if (name === 'attributes') taken.push(object as TrackObject);
      } else errors.push({ type, input_array: name, index });
    }
  const shown = fault?.indexed === false ? errors.map(({ type }) => type) : errors;
  const withErrors = errors.length > 0 ? { errors: shown } : {};
  if (Object.keys(processed).length === 0)
    return jsonAnswer(400, { message: NOTHING_VALID, ...withErrors }, headers);
  const world = {
    profiles: workspace.profiles,
    maxArrayLength: workspace.switches.maxArrayLength,
    now: workspace.clock(),
  };
  for (const object of taken) applyAttributes(object, world);
  return jsonAnswer(201, { message: 'success', ...processed, ...withErrors }, headers);
}

/** Of events and purchases only the user is looked at: the sandbox does not keep them. */
function identityOf(object: unknown): unknown {
  if (!isRecord(object)) return object;
  const { external_id, braze_id, user_alias, email, phone } = object;
  return { external_id, braze_id, user_alias, email, phone };
}

function isTooLong(
  lists: readonly (readonly [string, readonly unknown[]])[],
  { switches }: Workspace,
): boolean {
  const lengths = lists.map(([, list]) => list.length);
  if (switches.objects === '75-each') return lengths.some((length) => length > 75);
  const most = switches.objects === '50-combined' ? 50 : 75;
  return lengths.reduce((sum, length) => sum + length, 0) > most;
}

function runPartner(workspace: Workspace, call: Call): Answer {
  const { partner } = workspace.credentials;
  const { isWithin, headers } = workspace.takePartner();
  if (!isWithin) return message(429, 'Rate limit exceeded', headers);
  if (call.body === undefined) return message(413, 'Request Entity Too Large', headers);
  const body = parsed(call.body);
  if (!body) return message(400, 'The request body is not valid JSON', headers);
  const { partner_api_key: key, client_secret: secret } = body;
  if (key !== partner.apiKey || call.partner !== partner.name || workspace.switches.wrongInstance)
    return message(401, 'Invalid partner API key', headers);
  if (!partner.enabled)
    return message(401, `Partner is not enabled for the client ${String(secret)}`, headers);
  if (secret !== partner.clientSecret) return message(401, 'Invalid client secret', headers);
  try {
    if (call.path === '/partners/cohorts') createCohort(body, workspace.cohorts);
    else workspace.tally.partnerIds += changeMembers(body, workspace.cohorts, workspace.profiles);
    return message(201, 'success', headers);
  } catch (error) {
    if (error instanceof PartnerError) return message(400, error.message, headers);
    throw error;
  }
}
