import { describe, expect, it } from "vitest";
import {
  formatAge,
  formatAgo,
  formatBytes,
  formatDay,
  formatDuration,
  formatFigure,
  formatInstant,
  formatPatientName,
  formatPercent,
  formatWords,
} from "./format";

describe("what a reader sees", () => {
  it("names patients family first and says when a name is missing", () => {
    expect(formatPatientName("DOE^JANE^M")).toBe("DOE, JANE M");
    expect(formatPatientName("Yamada^Tarou=山田^太郎")).toBe("Yamada, Tarou");
    expect(formatPatientName("=山田^太郎=やまだ^たろう")).toBe("山田, 太郎");
    expect(formatPatientName("^^")).toBe("No name");
  });

  it("reads DICOM ages and leaves others alone", () => {
    expect([formatAge("054Y"), formatAge("006M"), formatAge("about 5")]).toEqual(["54 y", "6 mo", "about 5"]);
  });

  it("shows sizes and times in the unit that fits", () => {
    expect([formatBytes(812), formatBytes(5_300_000), formatBytes(52_000_000)]).toEqual([
      "812 B",
      "5.3 MB",
      "52 MB",
    ]);
    expect([formatDuration(45.4), formatDuration(200), formatDuration(180), formatDuration(7500)]).toEqual([
      "45 s",
      "3 min 20 s",
      "3 min",
      "2 h 5 min",
    ]);
  });

  it("shows a dash where there is no figure, never zero", () => {
    expect([
      formatPercent(null),
      formatPercent(0.1234, 1),
      formatFigure(Number.NaN),
      formatFigure(0.5),
    ]).toEqual(["–", "12.3 %", "–", "0.500"]);
  });

  it("gives no sign to what rounds to nothing", () => {
    expect([
      formatFigure(-0.04, 1),
      formatFigure(-0.0004),
      formatFigure(-0.06, 1),
      formatFigure(-0, 0),
    ]).toEqual(["0.0", "0.000", "-0.1", "0"]);
  });

  it("writes days and instants in one form, ISO 8601", () => {
    expect(["2026-01-31", "20260131", "", null, "202601311"].map(formatDay)).toEqual([
      "2026-01-31",
      "2026-01-31",
      "",
      "",
      "",
    ]);
    const local = new Date(2026, 0, 5, 7, 9);
    expect(formatInstant(local.toISOString())).toBe("2026-01-05 07:09");
    expect([formatInstant(null), formatInstant("soon")]).toEqual(["–", "soon"]);
  });

  it("says how long ago", () => {
    const now = Date.parse("2024-05-01T12:00:00Z");
    expect(formatAgo("2024-05-01T11:55:00Z", now)).toBe("5 min ago");
    expect(formatAgo("2024-04-29T12:00:00Z", now)).toBe("2 d ago");
  });

  it("turns keys into words", () => {
    expect(formatWords("pleural_effusion")).toBe("Pleural effusion");
    expect(formatWords("mean_auc")).toBe("Mean AUC");
  });
});
