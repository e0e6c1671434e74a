/** Small choices of this browser (language, colours). Never anything of the data. */
type Choice = 'language' | 'mantine-color-scheme-value';

export function recall(choice: Choice): string | null {
  try {
    return localStorage.getItem(choice);
  } catch {
    // Storage is switched off: choices then last as long as the page.
    return null;
  }
}

export function remember(choice: Choice, value: string): void {
  try {
    localStorage.setItem(choice, value);
  } catch {
    // See above.
  }
}
