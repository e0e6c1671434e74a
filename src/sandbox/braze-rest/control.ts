import * as z from 'zod';
import { userOfKey } from '../../core/cohorts.ts';
import { type Answer, jsonAnswer, textAnswer } from '../mixpanel/answer.ts';
import { faultScriptSchema } from './faults.ts';
import { brazeStatsOf, brazeStatsPage } from './stats.ts';
import { resetWorkspace, type Workspace } from './workspace.ts';

const DEFAULT_LIMIT = 100;

/** Answers a call of the sandbox's own, which needs no credentials; undefined when there is no such call. */
export function answerBrazeControl(
  workspace: Workspace,
  call: { method: string; url: URL; body: string },
): Answer | undefined {
  switch (`${call.method} ${call.url.pathname}`) {
    case 'GET /':
    case 'GET /sandbox':
      return textAnswer(200, brazeStatsPage(workspace), 'text/html; charset=utf-8');
    case 'GET /sandbox/stats':
      return jsonAnswer(200, brazeStatsOf(workspace));
    case 'GET /sandbox/users':
      return listUsers(workspace, call.url.searchParams);
    case 'DELETE /sandbox/users':
      resetWorkspace(workspace);
      return jsonAnswer(200, { status: 'ok' });
    case 'POST /sandbox/faults':
      return setFaults(workspace, call.body);
    default:
      return undefined;
  }
}

/** `[{user, attributes}]`, those who came first first; `attribute`: only who holds it. */
function listUsers({ profiles }: Workspace, query: URLSearchParams): Answer {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1)
    return jsonAnswer(400, { error: 'limit must be a whole number from 1 on' });
  const users = [];
  for (const key of profiles.keys(query.get('attribute') ?? undefined)) {
    const user = userOfKey(key);
    users.push({ user, attributes: profiles.attributesOf(user) });
    if (users.length === limit) break;
  }
  return jsonAnswer(200, users);
}

function setFaults({ faults }: Workspace, body: string): Answer {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    return jsonAnswer(400, { error: `malformed JSON: ${String(error)}` });
  }
  const parsed = faultScriptSchema.safeParse(value);
  if (!parsed.success) return jsonAnswer(400, { error: z.prettifyError(parsed.error) });
  faults.set(parsed.data);
  return jsonAnswer(200, { status: 'ok', rules: parsed.data.length });
}
