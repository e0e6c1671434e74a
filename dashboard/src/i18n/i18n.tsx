import {
  createContext,
  type ReactNode,
  use,
  useCallback,
  useEffect,
  useMemo,
  useState,
} from 'react';
import { createFormat, type Format } from '../format.ts';
import { recall, remember } from '../remember.ts';
import { en, type Key } from './en.ts';

export type Locale = 'en' | 'pt-BR';
export const LOCALES: readonly { readonly value: Locale; readonly label: string }[] = [
  { value: 'en', label: 'English' },
  { value: 'pt-BR', label: 'Português (Brasil)' },
];

/** A text in another language for each key of the English ones: none missing, none too many. */
export type Translated<English> = Readonly<Record<keyof English, string>>;
export type Dictionary = Translated<typeof en>;
type Values = Readonly<Record<string, string | number>>;
/** Keys that differ by number: `x.one`, `x.other`. */
type CountedKey = Key extends infer K ? (K extends `${infer Base}.one` ? Base : never) : never;

export interface I18n {
  readonly locale: Locale;
  readonly format: Format;
  setLocale(locale: Locale): void;
  /** `{name}` is filled in from the values; numbers in the way of the language. */
  t(key: Key, values?: Values): string;
  /** As `t`, with the form that fits `n`, which is also a value. */
  tn(key: CountedKey, n: number, values?: Values): string;
  /** For keys that are made from data: the text behind the key, or else the fallback. */
  known(key: string, fallback: string): string;
}

const Context = createContext<I18n | undefined>(undefined);

export function useI18n(): I18n {
  const found = use(Context);
  if (!found) throw new Error('useI18n outside of I18nProvider');
  return found;
}

export function fill(text: string, values: Values, format: Pick<Format, 'number'>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? format.number(value) : value;
  });
}

function preferred(): Locale {
  const kept = recall('language');
  const found = LOCALES.find(({ value }) => value === kept)?.value;
  return (
    found ??
    (navigator.languages.some((each) => each.startsWith('pt')) &&
    !navigator.languages[0]?.startsWith('en')
      ? 'pt-BR'
      : 'en')
  );
}

async function load(locale: Locale): Promise<Dictionary> {
  return locale === 'en' ? en : (await import('./pt-br.ts')).ptBr;
}

export function I18nProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [locale, setLocale] = useState(preferred);
  const [words, setWords] = useState<Dictionary | undefined>(locale === 'en' ? en : undefined);
  useEffect(() => {
    let isWanted = true;
    void (async () => {
      const loaded = await load(locale);
      if (!isWanted) return;
      setWords(loaded);
      document.documentElement.lang = locale;
    })();
    return () => {
      isWanted = false;
    };
  }, [locale]);
  const choose = useCallback((next: Locale) => {
    remember('language', next);
    setLocale(next);
  }, []);
  const value = useMemo(() => words && createI18n(locale, words, choose), [words, locale, choose]);
  return value && <Context value={value}>{children}</Context>;
}

export function createI18n(
  locale: Locale,
  words: Dictionary,
  setLocale: (locale: Locale) => void,
): I18n {
  const format = createFormat(locale);
  const plurals = new Intl.PluralRules(locale);
  const t: I18n['t'] = (key, values) => {
    const text = words[key];
    return values ? fill(text, values, format) : text;
  };
  return {
    locale,
    format,
    setLocale,
    t,
    tn(key, n, values) {
      // Portuguese has a form for millions too; the plain plural serves it.
      const form = plurals.select(n) === 'one' ? 'one' : 'other';
      return t(`${key}.${form}` as Key, { n, ...values });
    },
    known: (key, fallback) => (Object.hasOwn(words, key) ? words[key as Key] : fallback),
  };
}
