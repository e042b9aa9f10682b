import { queryOptions } from "@tanstack/react-query";
import { get, patch, post, remove, rowsOf } from "./client";
import { rememberCsrfToken } from "./csrf";
import { ownedBy } from "./page-owner";
import type { MeOut, TokenCreatedOut, TokenOut } from "./types";

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async ({ signal }) => {
    const me = await get<MeOut>("auth/me", undefined, signal);
    if (!ownedBy(me.id)) {
      // The page is being made anew for them; it shows nothing of theirs before.
      await new Promise<never>(() => {});
    }
    rememberCsrfToken(me.csrf_token);
    return me;
  },
  staleTime: 60_000,
  // Another tab may have signed somebody else in while this one was out of sight.
  refetchOnWindowFocus: "always",
  retry: false,
});

export const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: async ({ signal }) =>
    rowsOf(await get<TokenOut[] | { results: TokenOut[] }>("auth/tokens", undefined, signal)),
});

export async function signIn(username: string, password: string): Promise<void> {
  const me = await post<Partial<MeOut> | undefined>("auth/login", { username, password });
  rememberCsrfToken(me?.csrf_token);
}

export const signOut = () => post<void>("auth/logout");
export const changeMe = (changes: { display_name?: string; preferences?: Record<string, unknown> }) =>
  patch<MeOut>("auth/me", changes);
export const changePassword = (old_password: string, new_password: string) =>
  post<void>("auth/password", { old_password, new_password });
export const createToken = (name: string, days: number) =>
  post<TokenCreatedOut>("auth/tokens", { name, days });
export const revokeToken = (id: string) => remove<void>(`auth/tokens/${id}`);
