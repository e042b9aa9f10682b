import type { ProposalOut, ProposedSettingOut, SettingValue, TrainingConfig } from "../api/types";
import { type Chosen, configOf } from "./training-settings";

/** What the settings begin with: what the cases ask for, or the preset. */
export type Beginning = "cases" | "preset";

/** The proposed settings by name; none while they are not known, or where the preset is wanted. */
export function proposedBy(
  proposal: ProposalOut | undefined,
  beginning: Beginning,
  chosen: Chosen,
): Record<string, ProposedSettingOut> {
  const settings = beginning === "cases" ? (proposal?.settings ?? []) : [];
  const dimensions = settings.find((one) => one.name === "dimensions");
  // A grid and a size that were proposed for volumes mean nothing for slices.
  if (chosen.dimensions !== undefined && chosen.dimensions !== dimensions?.value) {
    return {};
  }
  return Object.fromEntries(settings.map((one) => [one.name, one]));
}

/** The settings to send: what was proposed, and over it what a person chose. */
export function configWith(proposed: Record<string, ProposedSettingOut>, chosen: Chosen): TrainingConfig {
  const values = Object.fromEntries(Object.values(proposed).map((one) => [one.name, one.value]));
  return configOf({ ...values, ...chosen });
}

/** Say whether a person chose otherwise than proposed. */
export function isChanged(proposed: ProposedSettingOut, chosen: SettingValue | undefined): boolean {
  return chosen !== undefined && JSON.stringify(chosen) !== JSON.stringify(proposed.value);
}
