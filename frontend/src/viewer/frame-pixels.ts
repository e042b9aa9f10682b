/** The numbers of a frame: fetched, decoded, and kept while there is room. */
import { createImage, init as initDecoders, wadors } from "@cornerstonejs/dicom-image-loader";
import { fetchApi } from "../api/client";
import { ApiError, errorFromAnswer, errorFromSilence } from "../api/errors";
import type { ServedFacts } from "./frame-facts-read";
import type { StackFrame } from "./series-stack";

export type Samples = Uint8Array | Int8Array | Uint16Array | Int16Array | Float32Array | Float64Array;

/** Samples of one frame, row by row; grey ones become modality values by `slope` and `intercept`. */
export interface FramePixels {
  samples: Samples;
  /** 1 grey, 3 RGB. */
  channels: 1 | 3;
  slope: number;
  intercept: number;
  /** Whole numbers from `lowest` to `highest`, or null: then every value is its own case. */
  range: { lowest: number; highest: number } | null;
}

const cacheBytes = 1024 ** 3;
const known = new Map<string, FramePixels>();
const loading = new Map<string, Promise<FramePixels>>();
let held = 0;

function remember(key: string, pixels: FramePixels): void {
  known.set(key, pixels);
  held += pixels.samples.byteLength;
  for (const [old, gone] of known) {
    if (held <= cacheBytes || old === key) {
      break;
    }
    known.delete(old);
    held -= gone.samples.byteLength;
  }
}

/** The pixels of a frame if they are here. */
export function pixelsAtHand(frame: StackFrame): FramePixels | null {
  const pixels = known.get(frame.imageId);
  if (pixels) {
    // The order of the map is the order of use.
    known.delete(frame.imageId);
    known.set(frame.imageId, pixels);
  }
  return pixels ?? null;
}

let decoders = false;

function startDecoders(): void {
  if (!decoders) {
    decoders = true;
    initDecoders({
      maxWebWorkers: Math.max(1, Math.min(4, Math.floor((navigator.hardwareConcurrency || 2) / 2))),
      strict: false,
    });
  }
}

type Elements = Parameters<typeof wadors.metaDataManager.add>[1];

/** What a decoder must know of a frame: how its samples lie, nothing of what they mean. */
function decodingElements(served: ServedFacts): Elements {
  const { bits } = served;
  const us = (value: number) => ({ vr: "US", Value: [value] });
  const elements = {
    "00080060": { vr: "CS", Value: [served.modality] },
    "00280002": us(served.color ? 3 : 1),
    "00280004": { vr: "CS", Value: [served.photometric] },
    "00280006": us(Number(bits.planar)),
    "00280010": us(served.rows),
    "00280011": us(served.columns),
    "00280100": us(bits.allocated),
    "00280101": us(bits.stored),
    "00280102": us(bits.high),
    "00280103": us(Number(bits.signed)),
  };
  return elements as unknown as Elements;
}

const explicitLittleEndian = "1.2.840.10008.1.2.1";

async function fetchFrame(address: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; syntax: string }> {
  let answer: Response;
  try {
    answer = await fetch(address, {
      headers: { Accept: "application/octet-stream; transfer-syntax=*" },
      credentials: "same-origin",
    });
  } catch {
    throw errorFromSilence();
  }
  if (!answer.ok) {
    throw errorFromAnswer(answer.status, await answer.json().catch(() => undefined));
  }
  const syntax = /transfer-syntax="?([0-9.]+)/.exec(answer.headers.get("Content-Type") ?? "")?.[1];
  return { bytes: new Uint8Array(await answer.arrayBuffer()), syntax: syntax ?? explicitLittleEndian };
}

function wordsOf(bytes: Uint8Array<ArrayBuffer>, served: ServedFacts): Samples {
  const { allocated, signed } = served.bits;
  if (allocated === 8) {
    return signed ? new Int8Array(bytes.buffer) : bytes;
  }
  const whole = bytes.byteLength - (bytes.byteLength % 2);
  return signed ? new Int16Array(bytes.buffer, 0, whole / 2) : new Uint16Array(bytes.buffer, 0, whole / 2);
}

/** The same words with the sign the header gives them: decoders hand out bytes of signed images without it. */
function withOwnSign(samples: Samples | Uint8ClampedArray, signed: boolean): Samples {
  const place = [samples.buffer, samples.byteOffset, samples.length] as const;
  switch (samples.BYTES_PER_ELEMENT) {
    case 1:
      return signed ? new Int8Array(...place) : new Uint8Array(...place);
    case 2:
      return signed ? new Int16Array(...place) : new Uint16Array(...place);
    default:
      return samples as Samples;
  }
}

/** Take what lies outside Bits Stored off the samples (PS3.5 8.1.1). */
function storedBitsOnly(samples: Samples, served: ServedFacts): Samples {
  const { allocated, stored, signed } = served.bits;
  if (stored < allocated) {
    const up = 32 - stored;
    for (let i = 0; i < samples.length; i += 1) {
      const word = (samples[i] ?? 0) << up;
      samples[i] = signed ? word >> up : word >>> up;
    }
  }
  return samples;
}

const undecodable = () =>
  new ApiError({
    status: 0,
    code: "pixels_undecodable",
    message: "This browser could not decode the image.",
  });

async function decode(frame: StackFrame, bytes: Uint8Array<ArrayBuffer>, syntax: string): Promise<Samples> {
  const { served } = frame;
  if (
    syntax === explicitLittleEndian &&
    (!served.color || (served.photometric === "RGB" && !served.bits.planar))
  ) {
    return wordsOf(bytes, served);
  }
  startDecoders();
  wadors.metaDataManager.add(frame.imageId, decodingElements(served));
  const image = await createImage(frame.imageId, bytes, syntax, { preScale: { enabled: false } });
  const samples = "getPixelData" in image ? image.getPixelData() : image.pixelData;
  if (!samples || samples.length < served.rows * served.columns) {
    throw undecodable();
  }
  return withOwnSign(samples as Samples | Uint8ClampedArray, served.bits.signed);
}

async function load(frame: StackFrame): Promise<FramePixels> {
  const { served } = frame;
  if (served.delivery === "values") {
    const answer = await fetchApi("GET", `${frame.path}/values`);
    const buffer = await answer.arrayBuffer();
    const wide = buffer.byteLength >= served.rows * served.columns * 8;
    const samples = wide ? new Float64Array(buffer) : new Float32Array(buffer);
    return { samples, channels: 1, slope: 1, intercept: 0, range: null };
  }
  const { bytes, syntax } = await fetchFrame(frame.address);
  if (served.delivery === "rgb") {
    return { samples: bytes, channels: 3, slope: 1, intercept: 0, range: null };
  }
  const samples = await decode(frame, bytes, syntax);
  if (served.color) {
    return { samples, channels: 3, slope: 1, intercept: 0, range: null };
  }
  const { stored, signed } = served.bits;
  const lowest = signed ? -(2 ** (stored - 1)) : 0;
  return {
    samples: storedBitsOnly(samples, served),
    channels: 1,
    slope: frame.slope,
    intercept: frame.intercept,
    range: { lowest, highest: lowest + 2 ** stored - 1 },
  };
}

/** The pixels of a frame; a failure is forgotten so that it can be tried again. */
export function loadFramePixels(frame: StackFrame): Promise<FramePixels> {
  const here = pixelsAtHand(frame);
  if (here) {
    return Promise.resolve(here);
  }
  const waiting = loading.get(frame.imageId);
  if (waiting) {
    return waiting;
  }
  const mine = load(frame)
    .then((pixels) => {
      remember(frame.imageId, pixels);
      return pixels;
    })
    .finally(() => loading.delete(frame.imageId));
  loading.set(frame.imageId, mine);
  return mine;
}
