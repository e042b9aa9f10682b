import { queryOptions } from "@tanstack/react-query";
import { get, patch, post, remove, rowsOf } from "./client";
import { rememberCsrfToken } from "./csrf";
import { ApiError } from "./errors";
import { ownedBy } from "./page-owner";
import type { MeOut, TokenCreatedOut, TokenOut } from "./types";

/** Whether the page came to a browser without a session and nobody has signed in since, here or in another tab. */
let nobody =
  typeof document !== "undefined" &&
  document.querySelector('meta[name="overread-session"]')?.getAttribute("content") === "none";
const somebodyMay = () => {
  nobody = false;
};
if (nobody) {
  document.addEventListener("visibilitychange", somebodyMay, { once: true });
}

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async ({ signal }) => {
    if (nobody) {
      throw new ApiError({ status: 401, code: "not_authenticated", message: "Log in first." });
    }
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
  somebodyMay();
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
