import { notifications } from '@mantine/notifications';
import { errorText } from './basics.tsx';

/** A short word at the edge of the page on what was just done. Screen readers read it out. */
export function say(message: string): void {
  notifications.show({ message, color: 'teal', withBorder: true });
}

export function sayFailure(error: unknown): void {
  notifications.show({
    message: errorText(error),
    color: 'red',
    withBorder: true,
    autoClose: 10_000,
  });
}
