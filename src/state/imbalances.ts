import type Database from 'better-sqlite3';
import type { SliceProblem } from '../core/ledger.ts';

/** Of each slice: its records, their outcomes and the dead letters kept. */
const SLICES = `
  SELECT s.slice, 'records ' || s.records || ', read ' || (s.past_records + ifnull(sum(iif(c.outcome = 'read', c.n, 0)), 0))
    || ', settled ' || (s.past_records + ifnull(sum(iif(c.outcome IN ('delivered', 'skipped', 'dead_letter'), c.n, 0)), 0))
    || ', dead letters ' || ifnull(sum(iif(c.outcome = 'dead_letter', c.n, 0)), 0)
    || ', of them kept ' || (SELECT count(*) FROM dead_letters d WHERE d.slice = s.id) AS problem
  FROM slices s JOIN connections o ON o.id = s.connection LEFT JOIN counts c ON c.slice = s.id
  WHERE o.name = @connection GROUP BY s.id
  HAVING s.records <> s.past_records + ifnull(sum(iif(c.outcome = 'read', c.n, 0)), 0)
    OR s.records <> s.past_records + ifnull(sum(iif(c.outcome IN ('delivered', 'skipped', 'dead_letter'), c.n, 0)), 0)
    OR ifnull(sum(iif(c.outcome = 'dead_letter', c.n, 0)), 0) <> (SELECT count(*) FROM dead_letters d WHERE d.slice = s.id)`;

/** Of all slices that were pruned together. */
const PAST = `
  SELECT '(pruned)' AS slice, p.event_type || ': read ' || sum(iif(p.outcome = 'read', p.n, 0)) || ', settled '
    || sum(iif(p.outcome IN ('delivered', 'skipped'), p.n, 0)) AS problem
  FROM past_counts p JOIN connections o ON o.id = p.connection WHERE o.name = @connection GROUP BY p.event_type
  HAVING sum(iif(p.outcome = 'read', p.n, 0)) <> sum(iif(p.outcome IN ('delivered', 'skipped'), p.n, 0))`;

/** Everything once more, by slice and by hour: pruning changes the one and the other apart. */
const BY_HOUR = `
  SELECT '(by hour)' AS slice, event_type || ', ' || outcome || iif(reason = '', '', ' ' || reason) || ': by slice '
    || sum(by_slice) || ', by hour ' || sum(by_hour) AS problem
  FROM (
    SELECT c.event_type, c.outcome, c.reason, c.n AS by_slice, 0 AS by_hour
      FROM counts c JOIN slices s ON s.id = c.slice JOIN connections o ON o.id = s.connection WHERE o.name = @connection
    UNION ALL
    SELECT p.event_type, p.outcome, p.reason, p.n, 0
      FROM past_counts p JOIN connections o ON o.id = p.connection WHERE o.name = @connection
    UNION ALL
    SELECT r.event_type, r.outcome, r.reason, 0, r.n
      FROM rollups r JOIN connections o ON o.id = r.connection WHERE o.name = @connection
  ) GROUP BY event_type, outcome, reason HAVING sum(by_slice) <> sum(by_hour)`;

/** All that does not add up in the books of a connection. */
export function imbalancesOf(db: Database.Database, connection: string): SliceProblem[] {
  return [SLICES, PAST, BY_HOUR].flatMap((sql) =>
    db.prepare<{ connection: string }, SliceProblem>(sql).all({ connection }),
  );
}
