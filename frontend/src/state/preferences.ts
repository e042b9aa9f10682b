/** How a person likes to read; kept with the account, so that it follows them to every computer. */
export interface ReadingPreferences {
  afterSubmit: "stay" | "next" | "worklist";
  /** Interpolate between pixels when zoomed in; off, every pixel is a square. */
  smooth: boolean;
}

export const defaultPreferences: ReadingPreferences = { afterSubmit: "stay", smooth: true };

/** Read the account's preferences; what is missing or unknown is as at first. */
export function readPreferences(stored: Record<string, unknown> | undefined): ReadingPreferences {
  const after = stored?.after_submit;
  return {
    afterSubmit: after === "next" || after === "worklist" ? after : "stay",
    smooth: stored?.interpolate !== false,
  };
}
