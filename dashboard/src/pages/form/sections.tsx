import type { ComponentType } from 'react';
import { Backfill } from './backfill.tsx';
import { Credentials } from './credentials.tsx';
import { Details } from './details.tsx';
import { Events } from './events.tsx';
import { Preview } from './preview.tsx';
import { Privacy } from './privacy.tsx';
import { Source } from './source.tsx';
import type { Step } from './steps.ts';

export const SECTIONS: Readonly<Record<Step, ComponentType>> = {
  details: Details,
  credentials: Credentials,
  source: Source,
  events: Events,
  privacy: Privacy,
  preview: Preview,
  backfill: Backfill,
};
