/** One viewport, outside React: what it shows, how, and who is told when that changes. */
import { Enums, type Types } from "@cornerstonejs/core";
import { type Affine, sameAffine, scaleOf, toCanvas, toImage } from "../geometry/affine";
import { frameKey } from "../geometry/frame-facts";
import { type CanvasPoint, canvasPoint, type ImagePoint, imagePoint } from "../geometry/points";
import { flippedOnScreen, imageAffine, pan, quarterTurn } from "./camera";
import { Cine } from "./cine";
import { startEngine } from "./engine";
import { shownUnit } from "./pixel-values";
import { loadSeriesStack, nearestIndex, Prefetch, type StackFrame } from "./series-stack";
import { interpolate } from "./smoothing";
import { emptyView, type ViewState } from "./view-state";
import { Windowing } from "./windowing";

const prefetchMost = 400;

export class ViewportController {
  private view: ViewState = emptyView;
  private viewport: Types.IStackViewport | null = null;
  private element: HTMLDivElement | null = null;
  private readonly listeners = new Set<() => void>();
  private readonly prefetch = new Prefetch();
  private observer: ResizeObserver | null = null;
  private ready: Promise<void> | null = null;
  private load = 0;
  private target = 0;
  private scrolling = false;
  private readonly cine = new Cine(() => {
    void this.goTo((this.view.index + 1) % (this.view.stack?.frames.length ?? 1));
  });
  readonly window = new Windowing(
    () => this.viewport,
    () => this.view.frame,
  );

  constructor(readonly id: string) {}

  getView = (): ViewState => this.view;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  private set(fields: Partial<ViewState>): void {
    this.view = { ...this.view, ...fields };
    for (const listener of [...this.listeners]) {
      listener();
    }
  }

  /** Begin to draw into `element`. */
  mount(element: HTMLDivElement): void {
    this.element = element;
    this.ready = startEngine().then(({ rendering, backend }) => {
      if (this.element !== element) {
        return;
      }
      rendering.enableElement({
        viewportId: this.id,
        type: Enums.ViewportType.STACK,
        element,
        defaultOptions: { background: [0, 0, 0] },
      });
      this.viewport = rendering.getViewport(this.id) as Types.IStackViewport;
      element.addEventListener(Enums.Events.IMAGE_RENDERED, this.rendered);
      element.addEventListener(Enums.Events.CAMERA_MODIFIED, this.rendered);
      this.observer = new ResizeObserver(() => {
        if (element.clientWidth > 0 && element.clientHeight > 0) {
          // What was fitted stays fitted; what was zoomed keeps its zoom.
          const fitted = this.isFitted();
          rendering.resize(true, true);
          this.rendered();
          if (fitted) {
            this.fit();
          }
        }
      });
      this.observer.observe(element);
      this.set({ backend });
    });
  }

  unmount(): void {
    const { element } = this;
    this.stopCine();
    this.prefetch.stop();
    this.observer?.disconnect();
    this.load += 1;
    element?.removeEventListener(Enums.Events.IMAGE_RENDERED, this.rendered);
    element?.removeEventListener(Enums.Events.CAMERA_MODIFIED, this.rendered);
    this.element = null;
    this.viewport = null;
    void startEngine().then(({ rendering }) => {
      if (this.element === null && rendering.getViewport(this.id)) {
        rendering.disableElement(this.id);
      }
    });
    this.set({ ...emptyView, backend: this.view.backend });
  }

  /** Show a series; `at` is a frame to start with, else the middle of a volume or the first frame of a loop. */
  async showSeries(
    studyUid: string,
    seriesUid: string,
    at?: { sopInstanceUid: string; frameNumber: number },
  ): Promise<void> {
    this.load += 1;
    const mine = this.load;
    this.stopCine();
    this.prefetch.stop();
    this.set({ status: "loading", problem: null });
    try {
      const stack = await loadSeriesStack(studyUid, seriesUid);
      await this.ready;
      const { viewport } = this;
      if (mine !== this.load || !viewport) {
        return;
      }
      const asked = at ? stack.frames.findIndex((frame) => frameKey(frame) === frameKey(at)) : -1;
      const volume = stack.frames.length > 3 && stack.frames[0]?.plane;
      const index = asked >= 0 ? asked : volume ? Math.floor(stack.frames.length / 2) : 0;
      this.target = index;
      this.set({ stack, index, frame: stack.frames[index] ?? null });
      await viewport.setStack(
        stack.frames.map((frame) => frame.imageId),
        index,
      );
      if (mine !== this.load) {
        return;
      }
      viewport.resetCamera();
      interpolate(viewport);
      this.set({
        status: "ready",
        framesPerSecond: stack.frames[index]?.framesPerSecond ?? 15,
        rotation: 0,
        flipped: { horizontal: false, vertical: false },
        inverted: viewport.getProperties().invert === true,
      });
      this.window.begin();
      viewport.render();
      this.rendered();
      void this.prefetch.around(stack, index, prefetchMost);
    } catch (thrown) {
      if (mine === this.load) {
        this.set({ status: "failed", problem: thrown });
      }
    }
  }

  // ——— slices ———

  /** Go to a frame; while one is being fetched only the newest wish is kept. */
  async goTo(index: number): Promise<void> {
    const { stack } = this.view;
    if (!stack || !this.viewport) {
      return;
    }
    this.target = Math.min(stack.frames.length - 1, Math.max(0, index));
    if (this.scrolling) {
      return;
    }
    this.scrolling = true;
    const mine = this.load;
    try {
      while (this.viewport && mine === this.load && this.target !== this.view.index) {
        const next = this.target;
        await this.viewport.setImageIdIndex(next);
        if (mine !== this.load) {
          break;
        }
        this.set({ index: next, frame: stack.frames[next] ?? null, status: "ready", problem: null });
        this.window.nextSlice();
        this.rendered();
      }
    } catch (thrown) {
      this.set({
        status: "failed",
        problem: thrown,
        index: this.target,
        frame: stack.frames[this.target] ?? null,
      });
    } finally {
      this.scrolling = false;
    }
  }

  scroll(frames: number): void {
    void this.goTo(this.target + frames);
  }

  /** Show the frame; false when it is not in this series. */
  goToFrame(at: { sopInstanceUid: string; frameNumber: number }): boolean {
    const index = this.view.stack?.frames.findIndex((frame) => frameKey(frame) === frameKey(at)) ?? -1;
    if (index >= 0) {
      void this.goTo(index);
    }
    return index >= 0;
  }

  /** The frame nearest to the centre of another viewport's frame, when both share one patient space. */
  followPlane(frame: StackFrame): void {
    const { stack } = this.view;
    const index = stack ? nearestIndex(stack, frame) : -1;
    if (index >= 0) {
      void this.goTo(index);
    }
  }

  // ——— camera ———

  panBy(x: number, y: number): void {
    const { viewport } = this;
    const { backend, size } = this.view;
    if (!viewport) {
      return;
    }
    pan(viewport, backend, size, x, y);
    viewport.render();
  }

  /** Zoom by a factor and keep the image under `anchor` in place. */
  zoomBy(factor: number, anchor?: CanvasPoint): void {
    const { viewport } = this;
    const { imageToCanvas, size } = this.view;
    if (!viewport) {
      return;
    }
    const at = anchor ?? canvasPoint(size.width / 2, size.height / 2);
    const under = this.imageAt(at);
    const scale = Math.min(60, Math.max(0.02, scaleOf(imageToCanvas) * factor));
    viewport.setZoom((viewport.getZoom() * scale) / scaleOf(imageToCanvas));
    const now = toCanvas(this.affine() ?? imageToCanvas, under);
    this.panBy(at[0] - now[0], at[1] - now[1]);
  }

  /** Bring a place to the middle, and zoom so that `extent` pixels are well seen but their surroundings too. */
  centreOn(point: ImagePoint, extent: number): void {
    const { viewport } = this;
    if (!viewport) {
      return;
    }
    const { size, frame } = this.view;
    const scale = scaleOf(this.view.imageToCanvas);
    const room = Math.min(size.width, size.height);
    if (frame && extent > 0) {
      const fitting = room / Math.max(frame.columns, frame.rows);
      const wanted = Math.min(fitting * 3, Math.max(fitting, (room * 0.25) / extent));
      if (wanted > scale * 1.15 || wanted < scale / 1.5) {
        viewport.setZoom((viewport.getZoom() * wanted) / scale);
      }
    }
    const now = toCanvas(this.affine() ?? this.view.imageToCanvas, point);
    this.panBy(size.width / 2 - now[0], size.height / 2 - now[1]);
  }

  /** By how much the picture would have to grow to fill the viewport. */
  private fitFactor(): number {
    const { frame, imageToCanvas: m, size } = this.view;
    if (!frame) {
      return 1;
    }
    const width = Math.abs(m.a) * frame.columns + Math.abs(m.c) * frame.rows;
    const height = Math.abs(m.b) * frame.columns + Math.abs(m.d) * frame.rows;
    return Math.min(size.width / width, size.height / height);
  }

  private isFitted(): boolean {
    return this.view.status === "ready" && Math.abs(this.fitFactor() - 1) < 0.03;
  }

  fit(): void {
    const { frame } = this.view;
    if (frame) {
      this.zoomBy(this.fitFactor());
      this.centreOn(imagePoint((frame.columns - 1) / 2, (frame.rows - 1) / 2), 0);
    }
  }

  /** One image pixel on one CSS pixel. */
  actualSize(): void {
    const scale = scaleOf(this.view.imageToCanvas);
    if (scale > 0) {
      this.zoomBy(1 / scale);
    }
  }

  /** Turn the picture on the screen, clockwise for positive quarter turns, whatever is flipped. */
  rotate(quarter: 1 | -1): void {
    const { viewport } = this;
    if (viewport) {
      const rotation = quarterTurn(viewport, () => this.affine(), this.view.rotation, quarter);
      viewport.render();
      this.set({ rotation });
    }
  }

  flip(axis: "horizontal" | "vertical"): void {
    const { viewport } = this;
    if (viewport) {
      const { backend, rotation } = this.view;
      const flipped = flippedOnScreen(this.view.flipped, axis, backend, rotation);
      viewport.setCamera({ flipHorizontal: flipped.horizontal, flipVertical: flipped.vertical });
      viewport.render();
      this.set({ flipped });
    }
  }

  invert(): void {
    const { viewport } = this;
    if (viewport) {
      const inverted = !this.view.inverted;
      viewport.setProperties({ invert: inverted });
      viewport.render();
      this.set({ inverted });
    }
  }

  /** Everything as when the series was opened, except the slice. */
  reset(): void {
    const { viewport } = this;
    if (!viewport) {
      return;
    }
    if (this.view.flipped.horizontal || this.view.flipped.vertical) {
      viewport.setCamera({ flipHorizontal: false, flipVertical: false });
    }
    viewport.setViewPresentation({ rotation: 0 });
    viewport.resetProperties();
    interpolate(viewport);
    viewport.resetCamera();
    this.set({
      rotation: 0,
      flipped: { horizontal: false, vertical: false },
      inverted: viewport.getProperties().invert === true,
    });
    this.window.begin();
    viewport.render();
  }

  // ——— cine ———

  toggleCine(): void {
    if (this.cine.playing) {
      this.stopCine();
    } else if ((this.view.stack?.frames.length ?? 0) > 1) {
      this.cine.play(this.view.framesPerSecond);
      this.set({ playing: true });
    }
  }

  stopCine(): void {
    if (this.cine.playing) {
      this.cine.stop();
      this.set({ playing: false });
    }
  }

  setFramesPerSecond(wanted: number): void {
    const framesPerSecond = Math.min(60, Math.max(1, wanted));
    this.set({ framesPerSecond });
    if (this.cine.playing) {
      this.cine.play(framesPerSecond);
    }
  }

  // ——— where things are ———

  imageAt(point: CanvasPoint): ImagePoint {
    return toImage(this.view.imageToCanvas, point);
  }

  private affine(): Affine | null {
    const { frame, backend } = this.view;
    return this.viewport && frame ? imageAffine(this.viewport, frame, backend) : null;
  }

  private rendered = (): void => {
    const { viewport, element } = this;
    const { frame } = this.view;
    if (!viewport || !element || !frame) {
      return;
    }
    const affine = this.affine();
    const { voiRange } = viewport.getProperties();
    const { unit, factor } = shownUnit(frame);
    const size = { width: element.clientWidth, height: element.clientHeight };
    const width = voiRange ? (voiRange.upper - voiRange.lower) * factor : 0;
    const center = voiRange ? ((voiRange.upper + voiRange.lower) / 2) * factor : 0;
    const zoom = affine ? scaleOf(affine) : this.view.zoom;
    const { view } = this;
    if (
      affine &&
      (!sameAffine(affine, view.imageToCanvas) ||
        width !== view.windowWidth ||
        center !== view.windowCenter ||
        zoom !== view.zoom ||
        size.width !== view.size.width ||
        size.height !== view.size.height ||
        unit !== view.unit)
    ) {
      this.set({ imageToCanvas: affine, windowWidth: width, windowCenter: center, zoom, size, unit });
    }
  };
}
