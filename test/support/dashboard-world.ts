import type { Browser, Page } from 'playwright-core';
import type { Role } from '../../src/core/access.ts';
import { linkUrl, newLinkToken } from '../../src/server/auth/links.ts';
import { hashPassword } from '../../src/server/auth/password.ts';
import { launchChromium, openPage, type Watched } from './chromium.ts';
import { openScene, type Scene } from './scene.ts';
import { type ServedHere, serveHere } from './served-here.ts';

/** Good for every user of these worlds. */
export const PASSWORD = 'correct horse battery';

/** The real service with its dashboard, a sandbox for Mixpanel, and a browser before it. */
export interface DashboardWorld extends AsyncDisposable {
  readonly scene: Scene;
  readonly served: ServedHere;
  readonly browser: Browser;
  /** A page of a visitor. */
  visit(path?: string): Promise<Watched>;
  /** A page on which a new user of this role, named after it, is signed in. */
  signedIn(role: Role, path?: string): Promise<Watched>;
}

export async function openDashboardWorld(
  connections: (scene: Scene) => readonly unknown[] | Promise<readonly unknown[]> = () => [],
): Promise<DashboardWorld> {
  const stack = new AsyncDisposableStack();
  try {
    const scene = stack.use(await openScene());
    const served = stack.use(await serveHere(scene, await connections(scene)));
    const browser = await launchChromium();
    stack.defer(() => browser.close());
    const { access } = served.service;
    return {
      scene,
      served,
      browser,
      visit: (path = '/') => openPage(browser, served.url + path),
      async signedIn(role, path = '') {
        // Without an admin every page is the first start.
        for (const each of new Set<Role>(['admin', role]))
          if (!(await access.users.get(each)))
            await access.users.add(
              { name: each, role: each, passwordHash: await hashPassword(PASSWORD) },
              Date.now(),
            );
        const token = await newLinkToken(access, role, Date.now());
        const watched = await openPage(browser, linkUrl(served.url, token));
        await watched.page.getByRole('navigation').first().waitFor();
        if (path !== '') await watched.page.goto(served.url + path);
        return watched;
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Fills in the first start, and leaves on the first page. */
export async function setUp(page: Page): Promise<void> {
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByLabel('Repeat the password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
}
