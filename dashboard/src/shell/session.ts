import { createContext, use } from 'react';
import type { Role, SignedIn } from '../api.ts';

export const SessionContext = createContext<SignedIn | undefined>(undefined);

/** Who is signed in. Only below the gate. */
export function useSession(): SignedIn {
  const session = use(SessionContext);
  if (!session) throw new Error('useSession outside of SessionGate');
  return session;
}

const RANK: Readonly<Record<Role, number>> = { viewer: 0, editor: 1, admin: 2 };

export function may(role: Role, needed: Role): boolean {
  return RANK[role] >= RANK[needed];
}

/** Whether to offer what needs a role. The service decides; this only spares a refusal. */
export function useMay(needed: Role): boolean {
  return may(useSession().user.role, needed);
}
