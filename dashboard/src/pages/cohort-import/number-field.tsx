import { NumberInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useForm, useValue } from '../form/form.ts';
import type { Path } from '../form/spec.ts';

interface NumberFieldProps {
  readonly path: Path;
  readonly label: string;
  readonly about?: string;
  /** What holds when nothing is said. */
  readonly usual: number;
  readonly min: number;
  readonly max: number;
  /** The stored value of one as it is shown: 0.01 for percents. */
  readonly unit?: number;
  readonly suffix?: string;
}

/** A number of the settings; empty, it is the usual one. */
export function NumberField(props: NumberFieldProps): ReactNode {
  const { path, unit = 1 } = props;
  const { set, isReadOnly, fault } = useForm();
  const value = useValue(path);
  // Without what binary fractions add: 0.29 × 100.
  const shown = (stored: number) => Math.round((stored / unit) * 1e6) / 1e6;
  return (
    <NumberInput
      label={props.label}
      description={props.about}
      error={fault(path) ?? null}
      readOnly={isReadOnly}
      min={props.min}
      max={props.max}
      suffix={props.suffix ?? ''}
      placeholder={`${shown(props.usual)}${props.suffix ?? ''}`}
      value={typeof value === 'number' ? shown(value) : ''}
      onChange={(next) =>
        set(path, typeof next === 'number' ? Math.round(next * unit * 1e6) / 1e6 : undefined)
      }
    />
  );
}
