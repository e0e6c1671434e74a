const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const NEWLINE = 0x0a;

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every(isSpace);
}

/** The bytes of each non-blank line. It stops when there are more than `most`: a body may hold millions. */
export function splitLines(body: Buffer, most = Infinity): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  while (start < body.length && lines.length <= most) {
    const found = body.indexOf(NEWLINE, start);
    const end = found < 0 ? body.length : found;
    const line = body.subarray(start, end);
    if (!isBlank(line)) lines.push(line);
    start = end + 1;
  }
  return lines;
}

/**
 * The bytes of each element of a JSON array, found by brackets and quotes alone: an element may still turn out to be
 * malformed when it is parsed. Undefined when the text is no array. It stops when there are more than `most`.
 */
export function splitArray(body: Buffer, most = Infinity): Buffer[] | undefined {
  let first = 0;
  let last = body.length - 1;
  while (first < body.length && isSpace(body[first]!)) first++;
  while (last > first && isSpace(body[last]!)) last--;
  if (body[first] !== 0x5b || last === first || body[last] !== 0x5d) return undefined;
  const inner = body.subarray(first + 1, last);
  if (isBlank(inner)) return [];
  const elements: Buffer[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < inner.length; at++) {
    const byte = inner[at]!;
    if (byte === QUOTE) {
      at = endOfString(inner, at);
    } else if (byte === COMMA && depth === 0) {
      elements.push(inner.subarray(start, at));
      if (elements.length > most) return elements;
      start = at + 1;
    } else if (byte === 0x7b || byte === 0x5b) {
      depth++;
    } else if (byte === 0x7d || byte === 0x5d) {
      if (--depth < 0) return undefined;
    }
  }
  if (depth !== 0) return undefined;
  elements.push(inner.subarray(start));
  return elements;
}

/** The place of the quote that ends the string which starts at `at`; the end of the text when there is none. */
function endOfString(bytes: Buffer, at: number): number {
  let end = bytes.indexOf(QUOTE, at + 1);
  while (end > 0) {
    let backslashes = 0;
    while (bytes[end - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
    end = bytes.indexOf(QUOTE, end + 1);
  }
  return bytes.length;
}
