declare global {
  var __webpack_nonce__: string | undefined;
}

/** The page's nonce for style elements, from its meta tag; empty when the server sent none. */
export function pageNonce(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]');
  return meta?.content || meta?.nonce || "";
}

/** Hand the nonce to the libraries that look for it in the place bundlers agreed on. */
export function publishNonce(): string {
  const nonce = pageNonce();
  if (nonce) {
    globalThis.__webpack_nonce__ = nonce;
  }
  return nonce;
}
