/** A stretch of JSON text as bytes. `end` is the place after its last byte. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/**
 * The elements of an array, or the values of an object with their keys, in valid JSON that may be nested too deep for
 * recursion. Undefined when the part is no such thing.
 */
export function partsOf(
  json: Uint8Array,
  whole: Part,
  kind: 'array' | 'object',
): { key: string | undefined; part: Part }[] | undefined {
  const [open, close] = kind === 'array' ? [0x5b, 0x5d] : [0x7b, 0x7d];
  const { start, end } = trimmed(json, whole);
  if (json[start] !== open || json[end - 1] !== close) return undefined;
  const parts: { key: string | undefined; part: Part }[] = [];
  let [depth, from, colon, inText] = [0, start + 1, -1, false];
  const finish = (at: number): void => {
    const part = trimmed(json, { start: colon < 0 ? from : colon + 1, end: at });
    if (part.end > part.start) parts.push({ key: keyOf(json, from, colon), part });
    [from, colon] = [at + 1, -1];
  };
  for (let i = start + 1; i < end - 1; i++) {
    const c = json[i];
    if (inText) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inText = false;
    } else if (c === 0x22) inText = true;
    else if (c === 0x5b || c === 0x7b) depth++;
    else if (c === 0x5d || c === 0x7d) depth--;
    else if (depth === 0 && c === 0x2c) finish(i);
    else if (depth === 0 && c === 0x3a && kind === 'object') colon = i;
  }
  finish(end - 1);
  return parts;
}

/** How deep brackets nest, texts aside. */
export function depthOf(json: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let inText = false;
  for (let i = 0; i < json.length; i++) {
    const c = json[i];
    if (inText) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inText = false;
    } else if (c === 0x22) inText = true;
    else if (c === 0x5b || c === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x5d || c === 0x7d) depth--;
  }
  return deepest;
}

function keyOf(json: Uint8Array, from: number, colon: number): string | undefined {
  if (colon < 0) return undefined;
  return JSON.parse(Buffer.from(json.subarray(from, colon)).toString()) as string;
}

/** Without the blanks around it. */
function trimmed(json: Uint8Array, { start, end }: Part): Part {
  let [a, b] = [start, end];
  while (a < b && isBlank(json[a])) a++;
  while (b > a && isBlank(json[b - 1])) b--;
  return { start: a, end: b };
}

function isBlank(c: number | undefined): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
}
