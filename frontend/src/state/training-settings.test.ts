import { expect, test } from "vitest";
import { configOf, numbersOf, valueIn, valueWords } from "./training-settings";

test("settings that belong together are sent as one object, and are found in it again", () => {
  const config = configOf({ epochs: 3, "augmentation.noise": false, "augmentation.affine": true });
  expect(config).toEqual({ epochs: 3, augmentation: { noise: false, affine: true } });
  expect(valueIn(config, "augmentation.noise")).toBe(false);
  expect(valueIn(config, "epochs")).toBe(3);
  expect(valueIn(config, "seed")).toBeUndefined();
});

test("a list of numbers is read as it is typed, and nothing else passes for one", () => {
  expect(numbersOf("128, 96")).toEqual([128, 96]);
  expect(numbersOf("1.5 0.7×0.7")).toEqual([1.5, 0.7, 0.7]);
  expect(numbersOf("")).toEqual([]);
  expect(numbersOf("128 px")).toBeNull();
  expect(valueWords([40, 400])).toBe("40, 400");
  expect(valueWords(null)).toBe("none");
  expect([true, false].map(valueWords)).toEqual(["on", "off"]);
});
