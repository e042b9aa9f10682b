import { describe, expect, it, vi } from "vitest";
import { ageOf, dayOf, measureName, measureValue, nameOf } from "./words";

vi.mock("../../viewer/findings-on-frame", () => ({ labelMeaning: (key: string) => key }));

describe("the words of the reading page", () => {
  it("write names and ages as people do, and days in the one form", () => {
    expect(nameOf("Curie^Marie^^Dr")).toBe("Curie, Marie Dr");
    expect(nameOf("")).toBe("No name");
    expect(ageOf("047Y")).toBe("47 y");
    expect(ageOf("63")).toBe("63");
    expect(dayOf("20260131")).toBe("2026-01-31");
    expect(dayOf("2026-01-31")).toBe("2026-01-31");
    expect(dayOf(null)).toBe("");
  });

  it("name measures without their unit and write the unit once", () => {
    expect(measureName("long_axis_mm")).toBe("Long axis");
    const deviation = { value: 20.1721, unit: "HU", source: "" };
    expect([measureValue(deviation, "sd"), measureValue(deviation)]).toEqual(["20.17 HU", "20.2 HU"]);
    expect(measureValue({ value: 31.416, unit: "mm2", source: "PixelSpacing" })).toBe("31.4 mm²");
  });
});
