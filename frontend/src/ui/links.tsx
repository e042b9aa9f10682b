import { Anchor, type AnchorProps, Button, type ButtonProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

type Plain<Props> = Props & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof Props>;

function PlainAnchor({ ref, ...props }: Plain<AnchorProps> & { ref?: Ref<HTMLAnchorElement> }) {
  return <Anchor ref={ref} {...props} />;
}

function PlainButton({ ref, ...props }: Plain<ButtonProps> & { ref?: Ref<HTMLAnchorElement> }) {
  return <Button component="a" ref={ref} {...props} />;
}

/** A text link to a page of this application, with typed parameters. */
export const TextLink = createLink(PlainAnchor);

/** A link to a page that looks like a button. */
export const ButtonLink = createLink(PlainButton);
