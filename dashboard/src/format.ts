/** Numbers, sizes and times in the words of one language. */
export interface Format {
  number(value: number): string;
  /** At most four characters and a letter: `12.3K`. */
  compact(value: number): string;
  percent(share: number): string;
  bytes(value: number): string;
  /** `2 h 5 min`: the two largest units. */
  duration(seconds: number): string;
  dateTime(at: string | number): string;
  date(at: string | number): string;
  /** Hour and minute, with the day where it is midnight: for the axis of a chart. */
  shortTime(at: string | number): string;
  /** `3 minutes ago`. */
  ago(at: string | number, now?: number): string;
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
const SPANS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

export function createFormat(locale: string): Format {
  const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const compact = new Intl.NumberFormat(locale, {
    notation: 'compact',
    maximumSignificantDigits: 3,
  });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const unit = (value: number, name: string, digits = 0, unitDisplay: 'short' | 'long' = 'short') =>
    new Intl.NumberFormat(locale, {
      style: 'unit',
      unit: name,
      unitDisplay,
      maximumFractionDigits: digits,
    }).format(value);

  return {
    number: (value) => plain.format(value),
    compact: (value) => compact.format(value),
    // A few of a million are not none.
    percent: (share) =>
      share > 0 && share < 0.001 ? `<${percent.format(0.001)}` : percent.format(share),
    bytes(value) {
      const step = value < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(value) / 3));
      // The short form knows no plural: 0 byte, 5 byte.
      return step === 0
        ? unit(value, 'byte', 0, 'long')
        : unit(value / 1000 ** step, UNITS[step]!, 1);
    },
    duration(seconds) {
      const whole = Math.max(0, Math.round(seconds));
      const first = SPANS.findIndex(([, size]) => whole >= size);
      if (first === -1) return unit(0, 'second');
      const parts = SPANS.slice(first, first + 2).map(([name, size], i) => {
        const above = i === 0 ? Infinity : SPANS[first]![1];
        return [name, Math.floor((whole % above) / size)] as const;
      });
      return parts
        .filter(([, n]) => n > 0)
        .map(([name, n]) => unit(n, name))
        .join(' ');
    },
    dateTime: (at) => dateTime.format(new Date(at)),
    date: (at) => date.format(new Date(at)),
    shortTime: (at) => {
      const moment = new Date(at);
      const isMidnight = moment.getHours() === 0 && moment.getMinutes() === 0;
      return (isMidnight ? day : time).format(moment);
    },
    ago(at, now = Date.now()) {
      const seconds = Math.round((new Date(at).getTime() - now) / 1000);
      const size = Math.abs(seconds);
      const [name, per] = SPANS.find(([, each]) => size >= each) ?? (['second', 1] as const);
      return relative.format(Math.trunc(seconds / per), name);
    },
  };
}
