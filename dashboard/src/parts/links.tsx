import { Button, type ButtonProps, Menu, type MenuItemProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { ComponentProps, ReactNode } from 'react';

type AnchorProps = Omit<ComponentProps<'a'>, keyof ButtonProps>;

/** A button that leads to a page; its address is checked as that of a link is. */
export const LinkButton = createLink(function LinkButton(
  props: ButtonProps & AnchorProps,
): ReactNode {
  return <Button component="a" {...props} />;
});

/** An entry of a menu that leads to a page. */
export const LinkItem = createLink(function LinkItem(
  props: MenuItemProps & Omit<ComponentProps<'a'>, keyof MenuItemProps>,
): ReactNode {
  return <Menu.Item component="a" {...props} />;
});
