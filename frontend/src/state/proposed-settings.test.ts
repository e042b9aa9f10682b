import { expect, test } from "vitest";
import type { ProposalOut } from "../api/types";
import { configWith, isChanged, proposedBy } from "./proposed-settings";

const proposal = {
  settings: [
    { name: "dimensions", value: 3, preset: 2, reason: "volumes" },
    { name: "image_shape", value: [48, 64, 48], preset: [32, 64, 64], reason: "whole" },
    { name: "augmentation.flip_left_right", value: true, preset: false, reason: "either way" },
  ],
} as unknown as ProposalOut;

test("what a person chose lies over what was proposed, and the preset takes it all back", () => {
  const proposed = proposedBy(proposal, "cases", { epochs: 5 });
  expect(configWith(proposed, { epochs: 5, image_shape: [32, 32, 32] })).toEqual({
    dimensions: 3,
    image_shape: [32, 32, 32],
    augmentation: { flip_left_right: true },
    epochs: 5,
  });
  expect(configWith(proposedBy(proposal, "preset", {}), { epochs: 5 })).toEqual({ epochs: 5 });
});

test("what was proposed for volumes is not sent for slices", () => {
  expect(proposedBy(proposal, "cases", { dimensions: 2 })).toEqual({});
  expect(Object.keys(proposedBy(proposal, "cases", { dimensions: 3 }))).toHaveLength(3);
});

test("the same numbers typed again are no change", () => {
  const shape = proposedBy(proposal, "cases", {}).image_shape;
  expect(shape && isChanged(shape, [48, 64, 48])).toBe(false);
  expect(shape && isChanged(shape, [48, 64, 64])).toBe(true);
  expect(shape && isChanged(shape, undefined)).toBe(false);
});
