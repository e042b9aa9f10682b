import { useSearch } from "@tanstack/react-router";
import type { MeProject } from "../api/types";

/** The project that the address names, else the only one there is, else `null` (the user must choose). */
export function useOneProject(projects: MeProject[]): string | null {
  const named = useSearch({ strict: false }).project;
  if (named && projects.some((row) => row.slug === named)) {
    return named;
  }
  return projects.length === 1 ? (projects[0]?.slug ?? null) : null;
}
