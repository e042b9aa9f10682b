import { Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./page.module.css";

/** The head and body of an ordinary page: title, one line of what it is for, actions at the right. */
export function PageBody({
  title,
  about,
  actions,
  children,
  testId,
}: {
  title: ReactNode;
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  testId: string;
}) {
  return (
    <div className={classes.page} data-testid={testId}>
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="md">
        <div>
          <Title order={1}>{title}</Title>
          {about ? (
            <Text component="div" size="sm" c="dimmed" maw={860}>
              {about}
            </Text>
          ) : null}
        </div>
        {actions ? <Group gap="xs">{actions}</Group> : null}
      </Group>
      {children}
    </div>
  );
}

/** A panel with an optional heading; the building block of pages. */
export function Panel({
  title,
  actions,
  children,
  testId,
}: {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  testId?: string;
}) {
  return (
    <section className={classes.panel} data-testid={testId}>
      {title || actions ? (
        <div className={classes.panelHead}>
          <Title order={2}>{title}</Title>
          {actions ? (
            <Group gap="xs" flex="none">
              {actions}
            </Group>
          ) : null}
        </div>
      ) : null}
      <div className={classes.panelBody}>{children}</div>
    </section>
  );
}

/** Name and value pairs in a compact grid. */
export function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className={classes.facts}>
      {rows.map(([name, value]) => (
        <div key={name} className={classes.fact}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
