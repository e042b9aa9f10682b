let latest = "";

/** Remember the token that the session answer carries. */
export function rememberCsrfToken(token: string | null | undefined): void {
  if (token) {
    latest = token;
  }
}

/** The CSRF token: from the cookie (freshest after sign-in), the session answer, or the page's meta tag. */
export function csrfToken(): string {
  const match = /(?:^|;\s*)(?:overread_)?csrftoken=([^;]+)/.exec(document.cookie);
  const cookie = match?.[1];
  if (cookie) {
    return decodeURIComponent(cookie);
  }
  return latest || (document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "");
}
