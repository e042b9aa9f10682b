import { Enums, type Types } from "@cornerstonejs/core";
import { readingUi } from "../state/reading-ui";

/** Between pixels: smooth, or every pixel a square, as this person likes it. */
export function interpolate(viewport: Types.IStackViewport): void {
  const { smooth } = readingUi().preferences;
  viewport.setProperties({
    interpolationType: smooth ? Enums.InterpolationType.LINEAR : Enums.InterpolationType.NEAREST,
  });
}
