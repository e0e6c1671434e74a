/** The address of the webhook with a key in it: the key stands in the place of the import's name. */
export function urlWithKey(receiveUrl: string, key: string): string {
  return receiveUrl.replace(/[^/]*$/, key);
}

/** Whether Mixpanel can get there: over https, and not at this machine alone. */
export function isReachable(receiveUrl: string): boolean {
  const { protocol, hostname } = new URL(receiveUrl);
  return protocol === 'https:' && !/^(localhost|127\..*|\[::1\])$/.test(hostname);
}
