import type { JourneyKind } from './draft.ts';

const WEBHOOK = 'users.messages.webhook.';

/** Webhooks, changes of profiles and users, agents. */
export const OTHER_JOURNEYS: readonly JourneyKind[] = [
  {
    name: 'webhook',
    weight: 12,
    channel: 'webhook',
    origin: 'either',
    types: ['Abort', 'Failure', 'Retry', 'Send'].map((name) => WEBHOOK + name),
    script(draft, random) {
      if (random.chance(0.02)) return draft.add(`${WEBHOOK}Abort`);
      if (random.chance(0.06)) {
        draft.add(`${WEBHOOK}Failure`);
        if (random.chance(0.3)) return;
        draft.add(`${WEBHOOK}Retry`, 1, 30);
      }
      draft.add(`${WEBHOOK}Send`, 0, 60);
    },
  },
  {
    name: 'subscription change',
    weight: 6,
    channel: 'email',
    origin: 'either',
    types: [
      'users.behaviors.subscription.GlobalStateChange',
      'users.behaviors.subscriptiongroup.StateChange',
    ],
    script(draft, random) {
      if (random.chance(0.6)) draft.add('users.behaviors.subscription.GlobalStateChange');
      else draft.add('users.behaviors.subscriptiongroup.StateChange');
    },
  },
  {
    name: 'profile change',
    weight: 8,
    channel: 'email',
    origin: 'campaign',
    types: [
      'users.profile.Update',
      'users.RandomBucketNumberUpdate',
      'users.UserOrphan',
      'users.UserDeleteRequest',
    ],
    script(draft, random) {
      const luck = random.unit();
      if (luck < 0.8) draft.add('users.profile.Update');
      else if (luck < 0.9) draft.add('users.RandomBucketNumberUpdate');
      else if (luck < 0.97) draft.add('users.UserOrphan');
      else draft.add('users.UserDeleteRequest');
    },
  },
  {
    name: 'agent',
    weight: 4,
    channel: 'email',
    origin: 'canvas',
    types: ['agentconsole.AgentExecuted', 'agentconsole.ToolInvocation'],
    script(draft, random) {
      if (random.chance(0.4)) draft.add('agentconsole.ToolInvocation');
      draft.add('agentconsole.AgentExecuted', 1, 5);
    },
  },
];
