/** Where a command writes: results to `out`, progress and remarks to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Colours and a moving progress line are wanted on `err`. */
  readonly live: boolean;
  /** Colours are wanted on `out`. */
  readonly color: boolean;
  /** Columns of the terminal; no bound when it is none. */
  readonly width: number;
}

export function processTerminal(): Terminal {
  const plain = process.env['NO_COLOR'] !== undefined && process.env['NO_COLOR'] !== '';
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    live: isTerminal(process.stderr) && process.env['TERM'] !== 'dumb',
    color: isTerminal(process.stdout) && !plain,
    width: process.stdout.columns ?? Infinity,
  };
}

/** The type says a stream always has `isTTY`; a pipe has none. */
export function isTerminal(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY ?? false;
}

export type Paint = (text: string) => string;

export interface Palette {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly green: Paint;
  readonly red: Paint;
  readonly yellow: Paint;
}

export function palette(color: boolean): Palette {
  const paint =
    (code: number): Paint =>
    (text) =>
      color ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { bold: paint(1), dim: paint(2), green: paint(32), red: paint(31), yellow: paint(33) };
}

export interface Column {
  /** May be of several lines. */
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** A plain table: two spaces between columns, a rule below the head, another above the last row when it is a sum. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { sum = false, dim = (text: string) => text }: { sum?: boolean; dim?: Paint } = {},
): string {
  const titles = columns.map(({ title }) => title.split('\n'));
  const widths = titles.map((lines, i) =>
    Math.max(...[...lines, ...rows.map((row) => row[i] ?? '')].map((text) => text.length)),
  );
  const height = Math.max(...titles.map((lines) => lines.length));
  const head = Array.from({ length: height }, (_, n) =>
    titles.map((lines) => lines[lines.length - height + n] ?? ''),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, i) => {
        const cell = cells[i] ?? '';
        return align === 'right' ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!);
      })
      .join('  ')
      .trimEnd();
  const rule = dim(widths.map((width) => '─'.repeat(width)).join('  '));
  const body = rows.map(line);
  const last = sum ? body.pop() : undefined;
  return [
    ...head.map((cells) => dim(line(cells))),
    rule,
    ...body,
    ...(last === undefined ? [] : [rule, last]),
    '',
  ].join('\n');
}

export function number(n: number): string {
  return n.toLocaleString('en-US');
}

/** `1 file`, `2 files`. */
export function count(n: number, thing: string): string {
  return `${number(n)} ${thing}${n === 1 ? '' : 's'}`;
}

export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = n;
  let unit = -1;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
