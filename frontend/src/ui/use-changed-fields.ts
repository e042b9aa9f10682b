/** A form that sends what was changed in it, never what it merely showed. */
import { useState } from "react";
import { asApiError } from "../api/errors";

type Fields = Record<string, unknown>;

const same = (a: unknown, b: unknown) => a === b || JSON.stringify(a) === JSON.stringify(b);

/** One field that was changed here and, since, elsewhere. */
export interface FieldClash<Values> {
  field: keyof Values;
  mine: unknown;
  theirs: unknown;
}

export interface ChangedFields<Values extends Fields> {
  /** What the form shows: what was typed, else what the server holds now. */
  values: Values;
  set(fields: Partial<Values>): void;
  changed: Partial<Values>;
  isChanged: boolean;
  clashes: FieldClash<Values>[];
  /** Keep what was typed, knowing what the server holds now. */
  keepMine(): void;
  /** Forget what was typed where somebody else changed the same. */
  takeTheirs(): void;
  /** Everything was saved: the form shows the server's words again. */
  done(): void;
}

/**
 * Follow what the server holds (`held`) except where somebody typed. Where the server's word changed under a typed
 * one, both are in `clashes`, and nothing should be sent before a person chose.
 */
export function useChangedFields<Values extends Fields>(held: Values): ChangedFields<Values> {
  const [typed, setTyped] = useState<Partial<Values>>({});
  const [bases, setBases] = useState<Partial<Values>>({});
  const names = Object.keys(typed) as (keyof Values)[];
  const changed = Object.fromEntries(
    names.filter((name) => !same(typed[name], held[name])).map((name) => [name, typed[name]]),
  ) as Partial<Values>;
  const clashes = (Object.keys(changed) as (keyof Values)[])
    .filter((name) => !same(bases[name], held[name]))
    .map((field) => ({ field, mine: typed[field], theirs: held[field] }));
  return {
    values: { ...held, ...typed },
    set(fields) {
      setBases((before) => ({
        ...Object.fromEntries(Object.keys(fields).map((name) => [name, held[name]])),
        ...before,
      }));
      setTyped((before) => ({ ...before, ...fields }));
    },
    changed,
    isChanged: Object.keys(changed).length > 0,
    clashes,
    keepMine: () => setBases((before) => ({ ...before, ...pick(held, Object.keys(changed)) })),
    takeTheirs: () => {
      const gone = new Set(clashes.map((clash) => clash.field as string));
      const without = (fields: Partial<Values>) =>
        Object.fromEntries(Object.entries(fields).filter(([name]) => !gone.has(name))) as Partial<Values>;
      setTyped(without);
      setBases(without);
    },
    done: () => {
      setTyped({});
      setBases({});
    },
  };
}

function pick<Values extends Fields>(held: Values, names: string[]): Partial<Values> {
  return Object.fromEntries(names.map((name) => [name, held[name]])) as Partial<Values>;
}

/**
 * Send the changed fields on the version that is shown. When it was outdated, fetch what is held now and, if none of
 * these fields was changed by others, send them again on that; else the error stays, and the form shows both.
 */
export async function sendChanged<Values extends Fields, Held extends { version: number }>(
  changed: Partial<Values>,
  shown: Held,
  send: (version: number) => Promise<unknown>,
  fetchHeld: () => Promise<Held>,
  valuesOf: (held: Held) => Values,
): Promise<void> {
  try {
    await send(shown.version);
  } catch (thrown) {
    if (asApiError(thrown).status !== 412) {
      throw thrown;
    }
    const now = await fetchHeld();
    const [was, is] = [valuesOf(shown), valuesOf(now)];
    if (Object.keys(changed).some((name) => !same(was[name], is[name]))) {
      throw thrown;
    }
    await send(now.version);
  }
}
