import type { Command } from 'commander';
import { program } from '../../src/cli/program.ts';

/** The commands of this Sluice, without a terminal. */
export function allCommands(): Promise<Command> {
  const silent = () => undefined;
  return program({
    terminal: { out: silent, err: silent, live: false, color: false, width: 80 },
    env: {},
    args: [],
    signal: new AbortController().signal,
    exit: silent,
  });
}

/** What a line of a shell calls Sluice with: the words behind the last `sluice` of each of its commands. */
export function sluiceCalls(line: string): string[][] {
  return line
    .replace(/\s+#.*$/, '')
    .split(/[|;&<>()`]+/)
    .map((each) => /^(?:.*[\s/])?sluice((?:\s+\S+)+)\s*$/.exec(each)?.[1]?.trim().split(/\s+/))
    .filter((words) => words !== undefined && /^[a-z][a-z-]*$/.test(words[0]!)) as string[][];
}

/** Calls of Sluice in a page: in its blocks of shell, and in code among the text that begins with the name. */
export function callsOfPage(markdown: string): string[][] {
  const blocks = [...markdown.matchAll(/^ *```sh\n(.*?)^ *```/gms)].map(([, block]) => block!);
  const prose = markdown.replaceAll(/^ *```.*?^ *```/gms, '');
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, span]) => span!.replaceAll('\n', ' '));
  const lines = blocks.flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'));
  return [...lines, ...spans.filter((span) => /(?:^|[\s/])sluice /.test(span))].flatMap(
    sluiceCalls,
  );
}

/** What a call names that there is not, in words; undefined when all is well. */
export function wrongCall(words: readonly string[], commands: Command): string | undefined {
  let command = commands;
  const rest = [...words];
  while (command.commands.length > 0) {
    const name = rest[0];
    const found = command.commands.find((each) => each.name() === name);
    if (!found && command !== commands && (name === undefined || /^[^a-z]/.test(name))) break;
    if (!found) return `sluice ${words.join(' ')}: there is no command ${name}`;
    command = found;
    rest.shift();
  }
  const known = ['-h', '--help', ...command.options.flatMap(({ short, long }) => [short, long])];
  const wrong = rest
    .filter((word) => /^--?[a-z]/.test(word))
    .map((word) => word.replace(/=.*$/, ''))
    .find((word) => !known.includes(word));
  return wrong === undefined ? undefined : `sluice ${words.join(' ')}: there is no option ${wrong}`;
}
