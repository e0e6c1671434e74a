import { createContext, use } from 'react';
import type { Json, JsonObject } from '../../api.ts';
import { getIn, type Path, textIn } from './spec.ts';

export interface Form {
  readonly spec: JsonObject;
  /** Name of the stored connection that is changed; undefined while a new one is made. */
  readonly stored: string | undefined;
  /** The draft that a new one is kept in; undefined while a stored one is changed. */
  readonly draft: string | undefined;
  readonly isReadOnly: boolean;
  set(path: Path, value: Json | undefined): void;
  /** What is wrong at a place, in words. */
  fault(path: Path): string | undefined;
}

export const FormContext = createContext<Form | undefined>(undefined);

export function useForm(): Form {
  const form = use(FormContext);
  if (!form) throw new Error('useForm outside of a form');
  return form;
}

/** What a text field of the form needs; an empty text is taken out. */
export function useText(path: Path) {
  const form = useForm();
  return {
    value: textIn(form.spec, path),
    error: form.fault(path) ?? null,
    readOnly: form.isReadOnly,
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) =>
      form.set(path, currentTarget.value === '' ? undefined : currentTarget.value),
  };
}

/** Whose secrets stand for `***` in what is asked about the form. */
export function useOwner(): { readonly name?: string; readonly draft?: string } {
  const { stored, draft } = useForm();
  return {
    ...(stored === undefined ? {} : { name: stored }),
    ...(draft === undefined ? {} : { draft }),
  };
}

export function useValue(path: Path): Json | undefined {
  return getIn(useForm().spec, path);
}
