// Loaded into every measured process before its own code. Plain JavaScript, so that a process which runs no
// TypeScript does not load Node's type stripper on its account.
import { readFileSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** Peak of this program alone: `getrusage` would carry over the peak of the process that started it. */
function peakRssKb() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
}

if (isMainThread)
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    const usage = { userMicros: userCPUTime, systemMicros: systemCPUTime, peakRssKb: peakRssKb() };
    writeFileSync(process.env.BENCH_USAGE_FILE, JSON.stringify(usage));
  });
