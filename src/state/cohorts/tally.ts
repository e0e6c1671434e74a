import type Database from 'better-sqlite3';

/** The figures of a cohort that are kept beside it, so that nobody has to count a million rows. */
export interface Tally {
  members: number;
  unmatched: number;
  suppressed: number;
  refused: number;
  inBraze: number;
  pendingAdds: number;
  pendingRemoves: number;
}

export function newTally(): Tally {
  return {
    ...{ members: 0, unmatched: 0, suppressed: 0, refused: 0 },
    ...{ inBraze: 0, pendingAdds: 0, pendingRemoves: 0 },
  };
}

/** What is told of a user in a cohort; see the table `cohort_users`. */
export interface UserRow {
  user: string;
  holders: number;
  suppressed: number;
  sent: number;
  refusal: string | null;
  againAt: number | null;
  seq: number;
  writtenAt: number;
  member: string;
}

/** Whether the user is to be in the cohort in Braze. */
export function isWanted({
  holders,
  suppressed,
}: Pick<UserRow, 'holders' | 'suppressed'>): boolean {
  return holders > 0 && suppressed === 0;
}

/** Whether Braze has him in it, as far as it answered. */
export function isIn(sent: number): boolean {
  return sent === 1 || sent === 3;
}

/** Adds what a user counts for, or with -1 takes it away. */
export function countUser(tally: Tally, row: UserRow, sign: 1 | -1): void {
  if (isIn(row.sent)) tally.inBraze += sign;
  if (row.suppressed === 1 && row.holders > 0) tally.suppressed += sign;
  if (row.refusal !== null) tally.refused += sign;
  else if (row.sent !== Number(isWanted(row)))
    if (isWanted(row)) tally.pendingAdds += sign;
    else tally.pendingRemoves += sign;
}

/** Adds a tally to the figures of a cohort. */
export function tallying(db: Database.Database): (cohort: number, tally: Tally) => void {
  const add = db.prepare<Tally & { id: number }>(
    `UPDATE cohorts SET members = members + @members, unmatched = unmatched + @unmatched,
       suppressed = suppressed + @suppressed, refused = refused + @refused, in_braze = in_braze + @inBraze,
       pending_adds = pending_adds + @pendingAdds, pending_removes = pending_removes + @pendingRemoves WHERE id = @id`,
  );
  return (cohort, tally) => {
    if (Object.values(tally).some((n) => n !== 0)) add.run({ ...tally, id: cohort });
  };
}
