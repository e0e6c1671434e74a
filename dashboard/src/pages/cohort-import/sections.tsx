import type { ComponentType } from 'react';
import { Destination } from './destination.tsx';
import { Details } from './details.tsx';
import { Identity } from './identity.tsx';
import { Safety } from './safety.tsx';

export const SECTIONS = ['details', 'destination', 'identity', 'safety'] as const;

export const PARTS: Readonly<Record<(typeof SECTIONS)[number], ComponentType>> = {
  details: Details,
  destination: Destination,
  identity: Identity,
  safety: Safety,
};
