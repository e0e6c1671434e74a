export interface Part {
  readonly label: string;
  readonly text: string;
}

export interface Chip extends Part {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** Of a chip with its label, in pixels. */
export const HEIGHT = 54;
const GAP = 12;
/** About the mean width of a letter at 13 pixels. */
const LETTER = 7.4;
const AROUND = 48;
const NARROWEST = 90;

/** Chips in one row where they fit, as wide as their texts ask for; else one below the other. */
export function chipsOf(
  parts: readonly Part[],
  width: number,
): { readonly chips: readonly Chip[]; readonly height: number } {
  const wanted = parts.map(({ label, text }) =>
    Math.max(NARROWEST, Math.max(text.length, label.length) * LETTER + AROUND),
  );
  const free = width - GAP * (parts.length - 1);
  const sum = wanted.reduce((total, each) => total + each, 0);
  if (sum > free) {
    const step = HEIGHT + GAP;
    return {
      chips: parts.map((part, i) => ({ ...part, x: 0, y: i * step, width: Math.max(0, width) })),
      height: parts.length * step - GAP,
    };
  }
  const chips: Chip[] = [];
  let x = 0;
  for (const [i, part] of parts.entries()) {
    chips.push({ ...part, x, y: 0, width: wanted[i]! });
    x += wanted[i]! + GAP;
  }
  return { chips, height: HEIGHT };
}

/** A text that fits, its middle left out if need be: what tells names apart is often at their ends. */
export function cut(text: string, width: number): string {
  const most = Math.max(3, Math.floor(width / LETTER));
  const letters = Array.from(text);
  if (letters.length <= most) return text;
  const head = Math.ceil((most - 1) / 2);
  return `${letters.slice(0, head).join('')}…${letters.slice(letters.length - (most - 1 - head)).join('')}`;
}
