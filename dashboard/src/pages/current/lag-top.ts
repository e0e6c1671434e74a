const UNITS = [86_400, 3_600, 60, 1] as const;

/** Where the axis of a lag of this many seconds ends: at a whole number of the largest unit that fits. */
export function lagTop(seconds: number): number {
  const unit = UNITS.find((each) => seconds >= each) ?? 1;
  return Math.ceil(seconds / unit) * unit;
}
