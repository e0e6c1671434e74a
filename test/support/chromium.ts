import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const EXECUTABLE = process.env['SLUICE_CHROMIUM'] ?? '/usr/bin/chromium';

/** The Chromium of this machine: `apt-get install chromium`, or its path in SLUICE_CHROMIUM. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

export const WIDE = { width: 1440, height: 900 };
export const NARROW = { width: 390, height: 844 };

export interface Watched {
  readonly page: Page;
  /** Faults that the page reported: exceptions, errors on the console, what the policy forbade, other hosts asked. */
  readonly faults: string[];
}

/** A page of its own, whose faults are noted. Answers that are errors are no faults: pages show them. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({
    ...{ viewport: WIDE, locale: 'en-US' },
    // What moves can't be clicked, and on a busy machine it moves for long.
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  page.on('request', (request) => {
    const host = new URL(request.url());
    if (host.protocol !== 'data:' && host.origin !== new URL(url).origin)
      faults.push(`asked another host: ${request.url()}`);
  });
  await page.goto(url);
  return { page, faults };
}

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe finds wrong with the page as it stands, in words; only what is serious or critical. */
export async function axeFindings(page: Page): Promise<string[]> {
  // By the debugger: the policy of the page lets no script in.
  await page.evaluate(axe.source);
  // Colours that fade in are no colours yet.
  await page.evaluate(
    'Promise.all(document.getAnimations().filter((each) => each.effect?.getTiming().iterations !== Infinity).map((each) => each.finished.catch(() => undefined)))',
  );
  const { violations } = await page.evaluate<{ violations: readonly Finding[] }>(
    'axe.run(document, { resultTypes: ["violations"] })',
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(
        ({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary ?? ''}`,
      ),
    );
}
