/** Starts Cornerstone once; everything else asks here. */
import {
  cache,
  init as coreInit,
  Enums,
  getShouldUseCPURendering,
  RenderingEngine,
  setUseCPURendering,
} from "@cornerstonejs/core";
import { init as loaderInit } from "@cornerstonejs/dicom-image-loader";

export interface Engine {
  rendering: RenderingEngine;
  /** `cpu` when the browser has no WebGL: slower and plainer, but every tool works. */
  backend: "webgl" | "cpu";
}

let started: Promise<Engine> | null = null;

const cacheBytes = 1024 ** 3;

async function start(): Promise<Engine> {
  coreInit({
    debug: {},
    rendering: {
      useCPURendering: false,
      preferSizeOverAccuracy: false,
      renderingEngineMode: Enums.RenderingEngineModeEnum.ContextPool,
      // One context draws both panes; more only cost memory and start-up time.
      webGlContextCount: 1,
    },
  });
  const wish = new URLSearchParams(window.location.search).get("rendering");
  if (wish === "cpu") {
    setUseCPURendering(true, false);
  }
  cache.setMaxCacheSize(cacheBytes);
  loaderInit({
    maxWebWorkers: Math.max(1, Math.min(4, Math.floor((navigator.hardwareConcurrency || 2) / 2))),
    strict: false,
  });
  return {
    rendering: new RenderingEngine("reading"),
    backend: getShouldUseCPURendering() ? "cpu" : "webgl",
  };
}

export function startEngine(): Promise<Engine> {
  started ??= start();
  return started;
}
