import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { meQuery } from "../api/auth";
import { type Connection, live } from "../api/live";
import type { MeOut, MeProject } from "../api/types";

/** Whether `me` holds a permission in a project, or in any project when none is named, or over the site. */
export function may(me: MeOut | undefined, permission: string, project?: string): boolean {
  if (!me) {
    return false;
  }
  if (me.site_permissions.includes(permission)) {
    return true;
  }
  return me.projects.some(
    (row) => (!project || row.slug === project) && row.permissions.includes(permission),
  );
}

/** The projects in which `me` holds a permission. */
export function projectsWith(me: MeOut | undefined, permission: string): MeProject[] {
  return me?.projects.filter((row) => row.permissions.includes(permission)) ?? [];
}

/** Who is signed in (`undefined` while loading or signed out). */
export function useMe(): MeOut | undefined {
  return useQuery(meQuery).data;
}

export function useMay(permission: string, project?: string): boolean {
  return may(useMe(), permission, project);
}

export function useConnection(): Connection {
  return useSyncExternalStore(live.subscribeConnection, live.getConnection);
}
