/** One viewport, outside React: what it shows, how, and who is told when that changes. */
import { type Affine, sameAffine, toImage } from "../geometry/affine";
import { frameKey } from "../geometry/frame-facts";
import { type CanvasPoint, canvasPoint, type ImagePoint, imagePoint } from "../geometry/points";
import { readingUi, useReadingUi } from "../state/reading-ui";
import { spaceFrames } from "./calibrated-frames";
import { affineOf, type Camera, fittingScale, middle, middleOf, mirrored, turned, upright } from "./camera";
import { Cine } from "./cine";
import { type FramePixels, loadFramePixels, pixelsAtHand } from "./frame-pixels";
import { loadOverlays, paintOverlays } from "./overlay-planes";
import { loadOwnColors } from "./own-colors";
import { Picture } from "./picture";
import { shownUnit } from "./pixel-values";
import { Prefetch } from "./prefetch";
import { SecondTry } from "./second-try";
import { loadSeriesStack, nearestIndex, type SeriesStack, type StackFrame } from "./series-stack";
import { emptyView, type ViewState } from "./view-state";
import { Windowing } from "./windowing";

const prefetchMost = 400;

export class ViewportController {
  private view: ViewState = emptyView;
  private element: HTMLDivElement | null = null;
  private readonly picture = new Picture();
  private pixels: FramePixels | null = null;
  private camera: Camera = { centre: imagePoint(0, 0), scale: 1, ...upright };
  /** Small values bright, other than the image asks for. */
  private reversed = false;
  private readonly listeners = new Set<() => void>();
  private readonly prefetch = new Prefetch();
  private observer: ResizeObserver | null = null;
  private leave: (() => void) | null = null;
  private load = 0;
  private target = 0;
  private scrolling = false;
  private drawing = 0;
  private exposed = false;
  private secondTry: SecondTry | null = null;
  private readonly cine = new Cine(() => {
    void this.goTo((this.view.index + 1) % (this.view.stack?.frames.length ?? 1));
  });
  readonly window = new Windowing(
    () => this.view.frame,
    () => this.relook(),
  );

  constructor(readonly id: string) {}

  getView = (): ViewState => this.view;

  /** What the case says of the distance of pixels has changed. */
  respace(): void {
    const { stack } = this.view;
    if (stack) {
      spaceFrames(stack.frames);
      this.set({});
    }
  }

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
    this.picture.mount(element);
    this.secondTry = new SecondTry();
    this.measure();
    this.observer = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientHeight > 0) {
        // What was fitted stays fitted; what was zoomed keeps its zoom.
        const fitted = this.isFitted();
        this.measure();
        if (fitted) {
          this.fit();
        } else {
          this.placed();
        }
      }
    });
    this.observer.observe(element);
    this.leave = useReadingUi.subscribe((now, before) => {
      if (now.planes !== before.planes || now.preferences.smooth !== before.preferences.smooth) {
        this.redraw();
      }
    });
  }

  private measure(): void {
    const { element } = this;
    if (element) {
      this.set({ size: { width: element.clientWidth, height: element.clientHeight } });
    }
  }

  unmount(): void {
    this.stopCine();
    this.prefetch.stop();
    this.secondTry?.dispose();
    this.secondTry = null;
    this.observer?.disconnect();
    this.leave?.();
    cancelAnimationFrame(this.drawing);
    this.drawing = 0;
    this.load += 1;
    this.pixels = null;
    this.picture.unmount();
    this.element = null;
    this.set(emptyView);
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
    this.secondTry?.settled();
    this.set({ status: "loading", problem: null });
    try {
      const stack = await loadSeriesStack(studyUid, seriesUid);
      spaceFrames(stack.frames);
      if (mine !== this.load) {
        return;
      }
      const asked = at ? stack.frames.findIndex((frame) => frameKey(frame) === frameKey(at)) : -1;
      const volume = stack.frames.length > 3 && stack.frames[0]?.plane;
      const index = asked >= 0 ? asked : volume ? Math.floor(stack.frames.length / 2) : 0;
      this.target = index;
      this.window.begin();
      this.reversed = false;
      this.pixels = null;
      this.set({ stack, index, frame: stack.frames[index] ?? null });
      if (!(await this.show(stack, index, mine))) {
        return;
      }
      this.camera = { ...this.camera, ...upright };
      this.fit();
      this.set({ framesPerSecond: stack.frames[index]?.framesPerSecond ?? 15 });
      void this.prefetch.around(stack, index, prefetchMost);
    } catch (thrown) {
      if (mine === this.load) {
        this.set({ status: "failed", problem: thrown });
        this.secondTry?.failed(thrown, () => this.showSeries(studyUid, seriesUid, at));
      }
    }
  }

  /** Bring a frame onto the screen; false when something else was wanted meanwhile. */
  private async show(stack: SeriesStack, index: number, mine: number): Promise<boolean> {
    const frame = stack.frames[index];
    if (!frame) {
      return false;
    }
    const [pixels] = await Promise.all([
      loadFramePixels(frame),
      this.window.prepare(frame),
      loadOverlays(frame),
      loadOwnColors(frame),
    ]);
    if (mine !== this.load || !this.element) {
      return false;
    }
    const before = this.view.frame;
    const sameShape =
      before?.rows === frame.rows &&
      before.columns === frame.columns &&
      before.spacing.aspect[0] === frame.spacing.aspect[0] &&
      before.spacing.aspect[1] === frame.spacing.aspect[1];
    this.pixels = pixels;
    this.secondTry?.settled();
    this.set({ index, frame, status: "ready", problem: null });
    this.exposed = false;
    if (sameShape) {
      this.placed();
    } else {
      this.fit();
    }
    return true;
  }

  // ——— slices ———

  /** Go to a frame; while one is being fetched only the newest wish is kept. */
  async goTo(index: number): Promise<void> {
    const { stack } = this.view;
    if (!stack || !this.element) {
      return;
    }
    this.target = Math.min(stack.frames.length - 1, Math.max(0, index));
    if (this.scrolling) {
      return;
    }
    this.scrolling = true;
    const mine = this.load;
    try {
      while (mine === this.load && this.target !== this.view.index) {
        if (!(await this.show(stack, this.target, mine))) {
          break;
        }
      }
    } catch (thrown) {
      this.secondTry?.failed(thrown, () => this.showAgain(stack, mine));
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

  /** The frame that is wanted could not be shown: fetch it once more. */
  private async showAgain(stack: SeriesStack, mine: number): Promise<void> {
    try {
      await this.show(stack, this.target, mine);
    } catch (thrown) {
      if (mine === this.load) {
        this.secondTry?.failed(thrown, () => this.showAgain(stack, mine));
      }
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

  private move(camera: Camera): void {
    this.camera = camera;
    this.placed();
  }

  panBy(x: number, y: number): void {
    const { width, height } = this.view.size;
    this.move({ ...this.camera, centre: this.imageAt(canvasPoint(width / 2 - x, height / 2 - y)) });
  }

  /** Zoom by a factor and keep the image under `anchor` in place. */
  zoomBy(factor: number, anchor?: CanvasPoint): void {
    const { size } = this.view;
    const at = anchor ?? middle(size);
    const under = this.imageAt(at);
    const scale = Math.min(60, Math.max(0.02, this.camera.scale * factor));
    const left = this.camera.scale / scale;
    const centre = imagePoint(
      under[0] + (this.camera.centre[0] - under[0]) * left,
      under[1] + (this.camera.centre[1] - under[1]) * left,
    );
    this.move({ ...this.camera, scale, centre });
  }

  private isFitted(): boolean {
    const { frame, size, status } = this.view;
    return (
      status === "ready" &&
      frame !== null &&
      Math.abs(fittingScale(this.camera, frame, size) / this.camera.scale - 1) < 0.03
    );
  }

  fit(): void {
    const { frame, size } = this.view;
    if (frame && size.width > 0) {
      this.move({
        ...this.camera,
        scale: fittingScale(this.camera, frame, size),
        centre: middleOf(frame),
      });
    }
  }

  /** One image pixel on one CSS pixel. */
  actualSize(): void {
    this.zoomBy(1 / this.camera.scale);
  }

  /** Turn the picture on the screen, clockwise for positive quarter turns, whatever is flipped. */
  rotate(quarter: 1 | -1): void {
    this.move(turned(this.camera, quarter));
  }

  flip(axis: "horizontal" | "vertical"): void {
    this.move(mirrored(this.camera, axis));
  }

  invert(): void {
    this.reversed = !this.reversed;
    void this.relook();
  }

  /** Everything as when the series was opened, except the slice. */
  reset(): void {
    this.camera = { ...this.camera, ...upright };
    this.reversed = false;
    this.window.begin();
    this.fit();
    void this.relook();
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

  // ——— where things are, and how they look ———

  imageAt(point: CanvasPoint): ImagePoint {
    return toImage(this.view.imageToCanvas, point);
  }

  /** The camera moved, or another frame is shown: say where pixels lie now, and draw. */
  private placed(): void {
    const { frame, size } = this.view;
    if (!frame || !this.element) {
      return;
    }
    const { rotation, flipped, scale: zoom } = this.camera;
    const affine: Affine = affineOf(this.camera, frame, size);
    const imageToCanvas = sameAffine(affine, this.view.imageToCanvas) ? this.view.imageToCanvas : affine;
    const { unit, factor } = shownUnit(frame);
    const { center, width } = this.window.span(frame);
    this.set({
      imageToCanvas,
      rotation,
      flipped,
      zoom,
      unit,
      windowCenter: center * factor,
      windowWidth: width * factor,
      windowName: this.window.name(frame),
      inverted: frame.inverted !== this.reversed,
    });
    this.redraw();
  }

  /** Other grey levels are wanted. */
  private async relook(): Promise<void> {
    const { frame } = this.view;
    if (!frame) {
      return;
    }
    try {
      await this.window.prepare(frame);
    } catch (thrown) {
      this.set({ status: "failed", problem: thrown });
      this.secondTry?.failed(thrown, () => this.relook());
      return;
    }
    // Meanwhile another frame or another table may be wanted: whoever asked for it draws it.
    if (frame === this.view.frame && this.window.isPrepared(frame)) {
      if (this.pixels && pixelsAtHand(frame) === this.pixels) {
        this.set({ status: "ready", problem: null });
      }
      this.exposed = false;
      this.placed();
    }
  }

  /** Draw at the next animation frame; many wishes are one drawing. */
  private redraw(): void {
    if (this.drawing === 0) {
      this.drawing = requestAnimationFrame(() => {
        this.drawing = 0;
        this.draw();
      });
    }
  }

  private draw(): void {
    const { frame, imageToCanvas, size, inverted } = this.view;
    if (!frame || !this.pixels || this.view.status !== "ready") {
      return;
    }
    if (!this.exposed) {
      this.picture.expose(frame, this.pixels, { levels: this.window.levels(frame), inverted });
      this.exposed = true;
    }
    const { planes, preferences } = readingUi();
    this.picture.draw(imageToCanvas, size, preferences.smooth, (context) => {
      if (planes) {
        paintOverlays(context, frame);
      }
    });
    this.picture.mark(frameKey(frame));
  }
}
