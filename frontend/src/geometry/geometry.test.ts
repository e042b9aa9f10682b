import { describe, expect, it } from "vitest";
import { cornerBased, toCanvas, toImage } from "./affine";
import { geometryFromImage, geometryOnFrame } from "./bridge";
import { overlayTable } from "./colormaps";
import { emptyContent, saysTheSame } from "./content";
import type { FrameFacts } from "./frame-facts";
import { edgesOnScreen } from "./orientation";
import { canvasPoint, imagePoint } from "./points";
import { isOn, maskFromRuns, paintStroke, pixelsIn, runsFromMask } from "./runs";
import { scaleBarOf } from "./scale-bar";
import type { Spacing } from "./spacing";
import { valueRange, windowPresets } from "./window-presets";

const spacingOf = (mm: [number, number] | null, source: string): Spacing => ({
  mm,
  source,
  words: source,
  aspect: mm ?? [1, 1],
  regions: [],
});

function ctImage(extra: Partial<FrameFacts> = {}): FrameFacts {
  return {
    sopInstanceUid: "1.2.3.1",
    frameNumber: 1,
    instanceNumber: 1,
    rows: 256,
    columns: 512,
    modality: "CT",
    color: false,
    delivery: "stored",
    plane: {
      frameOfReferenceUid: "1.2.9",
      position: [-100, -120, 50],
      rowCosine: [1, 0, 0],
      columnCosine: [0, 1, 0],
      rowSpacing: 0.8,
      columnSpacing: 0.5,
    },
    spacing: spacingOf([0.8, 0.5], "pixel_spacing"),
    edges: { left: "R", right: "L", top: "A", bottom: "P" },
    laterality: "",
    voi: [],
    inverted: false,
    valueUnit: "HU",
    slope: 1,
    intercept: 0,
    suv: null,
    quantities: [],
    padding: null,
    overlays: [],
    ownColors: null,
    undrawn: [],
    framesPerSecond: null,
    ...extra,
  };
}

function movedTo(position: [number, number, number], extra: Partial<FrameFacts> = {}): FrameFacts {
  const frame = ctImage(extra);
  return { ...frame, plane: frame.plane && { ...frame.plane, position } };
}

describe("the way from pixels to the patient", () => {
  it("stores millimetres of the patient and comes back to the same pixels", () => {
    const frame = ctImage();
    const points = [imagePoint(10, 20), imagePoint(300.25, 199.5)];
    const stored = geometryFromImage(frame, points);
    expect(stored.space).toBe("patient");
    expect(stored.frame_of_reference_uid).toBe("1.2.9");
    expect(stored.points[0]).toEqual([-95, -104, 50]);
    const back = geometryOnFrame(stored, frame);
    expect(back?.[1]?.[0]).toBeCloseTo(300.25, 3);
    expect(back?.[1]?.[1]).toBeCloseTo(199.5, 3);
  });

  it("does not show a finding on a slice it does not lie on", () => {
    const frame = ctImage();
    const next = movedTo([-100, -120, 52], { sopInstanceUid: "1.2.3.2" });
    const stored = geometryFromImage(frame, [imagePoint(1, 1)]);
    expect(geometryOnFrame(stored, next)).toBeNull();
  });

  it("shows it on another series whose plane passes through the same place", () => {
    const frame = ctImage();
    const twin = movedTo([-100, -120, 50], { sopInstanceUid: "1.2.4.1" });
    if (twin.plane) {
      twin.plane = { ...twin.plane, rowSpacing: 0.4, columnSpacing: 0.25 };
    }
    const stored = geometryFromImage(frame, [imagePoint(10, 20)]);
    expect(geometryOnFrame(stored, twin)?.[0]?.[0]).toBeCloseTo(20, 3);
  });

  it("keeps pixel coordinates where the image has no patient space", () => {
    const frame = ctImage({ plane: null });
    const stored = geometryFromImage(frame, [imagePoint(3.5, 4)]);
    expect(stored).toMatchObject({ space: "image", frame_of_reference_uid: null, points: [[3.5, 4]] });
    expect(geometryOnFrame(stored, frame)?.[0]).toEqual([3.5, 4]);
  });
});

describe("orientation letters", () => {
  it("follow rotation and flips", () => {
    const { edges } = ctImage();
    if (!edges) {
      throw new Error("no edges");
    }
    expect(edgesOnScreen(edges, { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 })).toEqual(edges);
    expect(edgesOnScreen(edges, { a: -1, b: 0, c: 0, d: 1, e: 0, f: 0 }).left).toBe("L");
    // Rotated by 90° clockwise: what was the left edge is at the top; pixels twice as high as wide change nothing.
    expect(edgesOnScreen(edges, { a: 0, b: 1, c: -2, d: 0, e: 0, f: 0 })).toEqual({
      top: "R",
      bottom: "L",
      right: "A",
      left: "P",
    });
  });
});

describe("units", () => {
  it("draws a scale bar in pixels and says so without calibration", () => {
    const zoomed = { a: 2, b: 0, c: 0, d: 2, e: 0, f: 0 };
    expect(scaleBarOf(zoomed, spacingOf(null, "none"), 150)).toMatchObject({ label: "50 px", length: 100 });
    const bar = scaleBarOf(zoomed, spacingOf([1, 1], "pixel_spacing"), 150);
    expect(bar).toMatchObject({ label: "5 cm", length: 100 });
  });
});

describe("the image on the canvas", () => {
  it("is found again from three points, whatever rotation", () => {
    const m = { a: 0, b: 1, c: -1, d: 0, e: 300, f: 10 };
    expect(toCanvas(m, imagePoint(512, 0))).toEqual([300, 522]);
    const back = toImage(m, canvasPoint(172, 266));
    expect(back[0]).toBeCloseTo(256);
    expect(back[1]).toBeCloseTo(128);
    expect(cornerBased({ a: 2, b: 0, c: 0, d: 2, e: 10, f: 10 })).toMatchObject({ e: 9, f: 9 });
  });
});

describe("masks", () => {
  it("become runs and come back", () => {
    const mask = new Uint8Array([0, 1, 1, 0, 0, 1]);
    expect(runsFromMask(mask)).toEqual([1, 2, 5, 1]);
    expect(maskFromRuns([1, 2, 5, 1], 6)).toEqual(mask);
    expect(pixelsIn([1, 2, 5, 1])).toBe(3);
    expect(isOn([1, 2, 5, 1], 2)).toBe(true);
    expect(isOn([1, 2, 5, 1], 3)).toBe(false);
  });

  it("are painted without gaps along a fast stroke and erased again", () => {
    const mask = new Uint8Array(50 * 50);
    paintStroke(mask, 50, 50, imagePoint(5, 25), imagePoint(45, 25), 2, true);
    for (let column = 5; column <= 45; column += 1) {
      expect(mask[25 * 50 + column]).toBe(1);
    }
    expect(mask[28 * 50 + 20]).toBe(0);
    paintStroke(mask, 50, 50, imagePoint(0, 25), imagePoint(49, 25), 3, false);
    expect(mask.every((pixel) => pixel === 0)).toBe(true);
  });

  it("do not leave the image at its edge", () => {
    const mask = new Uint8Array(10 * 10);
    paintStroke(mask, 10, 10, imagePoint(-3, 0), imagePoint(-3, 9), 2, true);
    expect(pixelsIn(runsFromMask(mask))).toBe(0);
  });
});

describe("display", () => {
  it("hides an overlay below its threshold", () => {
    const table = overlayTable("turbo", 0.5, 0.5);
    expect(table[4 * 100 + 3]).toBe(0);
    expect(table[4 * 255 + 3]).toBe(128);
  });

  it("offers lung on CT and finds ranges elsewhere", () => {
    expect(windowPresets(ctImage()).map((preset) => preset.name)).toContain("Lung");
    expect(windowPresets(ctImage({ modality: "CR" }))[1]?.window).toBe("percentile");
    expect(valueRange([5, 1, 3]).max).toBe(5);
  });

  it("offers windows in SUV only where SUV is known, and every window and table of the image", () => {
    const names = (extra: Partial<FrameFacts>) => windowPresets(ctImage(extra)).map((preset) => preset.name);
    expect(names({ modality: "PT", valueUnit: "Bq/ml" }).join()).not.toContain("SUV");
    expect(names({ modality: "PT", suv: { factor: 0.0003, unit: "SUVbw", words: "" } })).toContain("SUV 0–5");
    const choice = { center: 40, width: 400, function: "LINEAR" as const, table: null, first: null };
    const own = [
      { ...choice, name: "Soft", entries: null, bits: null },
      { ...choice, name: "", center: null, width: null, table: 0, first: 0, entries: 4096, bits: 16 },
    ];
    const offered = windowPresets(ctImage({ modality: "CR", voi: own }));
    expect(offered[0]).toEqual({ name: "As stored: Soft", window: { own: 0 } });
    expect(offered.at(-1)).toEqual({ name: "table 2 of the image", window: { own: 1 } });
  });
});

describe("content", () => {
  it("counts as changed when a person decides otherwise, not when the server adds measures", () => {
    const a = emptyContent("length", "nodule");
    expect(
      saysTheSame(a, { ...a, measures: { length_mm: { value: 3, unit: "mm", source: "pixel_spacing" } } }),
    ).toBe(true);
    expect(saysTheSame(a, { ...a, name: "left upper" })).toBe(false);
  });
});
