import type { ReactNode } from 'react';
import type { Json, JsonObject } from '../api.ts';

/** A JSON object, a line for each of its keys. `marks`: keys that stand out, as new or as gone. */
export function JsonView({
  value,
  label,
  marks,
}: {
  readonly value: JsonObject;
  readonly label: string;
  readonly marks?: { readonly kind: 'new' | 'gone'; readonly keys: ReadonlySet<string> };
}): ReactNode {
  const entries = Object.entries(value);
  return (
    // Scrolls by itself, so it must be within reach of the keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre className="json" aria-label={label} tabIndex={0} role="region">
      {'{\n'}
      {entries.map(([key, each], i) => (
        <span key={key}>
          {'  '}
          <span className={marks?.keys.has(key) ? marks.kind : undefined}>
            <span className="key">{JSON.stringify(key)}</span>: {textOf(each)}
          </span>
          {i < entries.length - 1 ? ',\n' : '\n'}
        </span>
      ))}
      {'}'}
    </pre>
  );
}

function textOf(value: Json): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', '\n  ');
}

/** An event of Mixpanel as one flat list: its name first, then its properties. */
export function flatEvent(event: JsonObject): JsonObject {
  const { properties, ...rest } = event;
  return isObject(properties) ? { ...rest, ...properties } : event;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
