import { totalOf } from '../core/counts.ts';
import type { Progress, RetryInfo } from '../connector.ts';
import { duration, number, type Paint, palette, type Terminal } from './terminal.ts';

/**
 * Shows how a long export goes: one line that redraws itself on a terminal, a line a minute elsewhere. That the
 * destination takes nothing is said even when no progress is wanted: it may go on for ever.
 */
export function progressLine(terminal: Terminal, wanted: boolean) {
  const paint = palette(terminal.live);
  const startedAt = performance.now();
  let totalBytes = 0;
  let shown = 0;
  let retrying = false;
  let drawn = false;

  const draw = (line: string, color: Paint = (text) => text): void => {
    // A line that wraps could not be taken back.
    if (terminal.live) {
      terminal.err(`\r\u001b[2K${color(line.slice(0, terminal.width - 1))}`);
      drawn = true;
    } else terminal.err(`${line}\n`);
  };

  return {
    /** Whether the share that is done is shown, for which the whole must be known. */
    live: wanted && terminal.live,
    /** `bytes`: what this run will read, as far as it is known. */
    start(bytes: number): void {
      totalBytes = bytes;
    },
    settled(progress: Progress): void {
      const elapsed = performance.now() - startedAt;
      retrying = false;
      if (!wanted) return;
      if (elapsed - shown < (terminal.live ? 100 : 60_000)) return;
      shown = elapsed;
      const { read } = totalOf(progress.counts);
      const share = totalBytes > 0 ? Math.min(1, progress.bytesRead / totalBytes) : 0;
      const left =
        share > 0 && share < 1 ? ` · ${duration((elapsed / share) * (1 - share))} left` : '';
      const percent = totalBytes > 0 ? `${Math.floor(share * 100)}%  ` : '';
      const rate = Math.round((read / elapsed) * 1000);
      draw(`${percent}${number(read)} events · ${number(rate)}/s${left}`);
    },
    retry(info: RetryInfo): void {
      if (!retrying || terminal.live)
        draw(
          `Mixpanel does not take events: ${info.detail} Trying again in ${duration(info.waitMs)} (attempt ${info.attempt}).`,
          paint.yellow,
        );
      retrying = true;
    },
    end(): void {
      if (drawn) terminal.err('\r\u001b[2K');
    },
  };
}
