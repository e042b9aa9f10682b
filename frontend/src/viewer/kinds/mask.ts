import { IconBrush } from "@tabler/icons-react";
import type { Kind } from "../kind";

declare module "../../geometry/content" {
  interface KindHolds {
    mask: "mask";
  }
}

/** Painted pixels; see brush-gesture.ts. */
export const kind: Kind = { name: "mask", word: "Segmentation", icon: IconBrush, use: "segment" };
