/** Ids in a pasted text: one a line, or the first column of a CSV, each once. */
export function idsIn(text: string): string[] {
  const ids = text.split(/[\r\n]+/).map((line) => {
    const trimmed = line.trim();
    const quoted = /^"((?:[^"]|"")*)"/.exec(trimmed)?.[1]?.replaceAll('""', '"');
    return (quoted ?? trimmed.replace(/[,;\t].*$/, '')).trim();
  });
  return [...new Set(ids.filter((each) => each !== ''))];
}
