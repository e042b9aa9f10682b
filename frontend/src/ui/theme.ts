import {
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  parseThemeColor,
  type VariantColorsResolver,
} from "@mantine/core";

const dark: MantineColorsTuple = [
  "#dce3ec",
  "#b8c4d2",
  "#93a1b3",
  "#6d7b8d",
  "#3a4756",
  "#26303c",
  "#19202a",
  "#12171f",
  "#0b0e13",
  "#07090d",
];

const signal: MantineColorsTuple = [
  "#e6f6ff",
  "#c8e8fb",
  "#9fd6f6",
  "#75c4f0",
  "#4fb3e8",
  "#2f9bd4",
  "#1c77a9",
  "#1a6791",
  "#164f70",
  "#0f3850",
];

/** Tinted instead of filled: a badge or notice must not outshine an image. */
const quietVariants: VariantColorsResolver = (input) => {
  const { color, isThemeColor } = parseThemeColor({
    color: input.color ?? input.theme.primaryColor,
    theme: input.theme,
  });
  const colors = defaultVariantColorsResolver(input);
  if (!isThemeColor || (input.variant !== "light" && input.variant !== "subtle")) {
    return colors;
  }
  const tint = (percent: number) =>
    `color-mix(in srgb, var(--mantine-color-${color}-6) ${percent}%, transparent)`;
  return {
    ...colors,
    background: input.variant === "light" ? tint(20) : "transparent",
    hover: tint(26),
    color: `var(--mantine-color-${color}-${color === "dark" ? 2 : 4})`,
  };
};

/** The dark theme: quiet greys so that images are the brightest thing on the screen. */
export const theme = createTheme({
  primaryColor: "signal",
  primaryShade: { light: 6, dark: 6 },
  colors: { dark, signal },
  variantColorResolver: quietVariants,
  fontFamily: "var(--ov-font)",
  fontFamilyMonospace: "var(--ov-mono)",
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "19px" },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "20px", lineHeight: "1.3" },
      h2: { fontSize: "16px", lineHeight: "1.3" },
      h3: { fontSize: "14px", lineHeight: "1.3" },
    },
  },
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: "xs" } },
    TextInput: { defaultProps: { size: "xs" } },
    PasswordInput: { defaultProps: { size: "xs" } },
    Select: { defaultProps: { size: "xs", allowDeselect: false } },
    MultiSelect: { defaultProps: { size: "xs" } },
    NumberInput: { defaultProps: { size: "xs" } },
    DateInput: { defaultProps: { size: "xs" } },
    Textarea: { defaultProps: { size: "xs" } },
    Checkbox: { defaultProps: { size: "xs" } },
    Switch: { defaultProps: { size: "xs" } },
    SegmentedControl: { defaultProps: { size: "xs" } },
    Badge: {
      defaultProps: { size: "sm", radius: "sm", variant: "light" },
      styles: { root: { flexShrink: 0, minWidth: "fit-content" } },
    },
    Table: { defaultProps: { verticalSpacing: 5, horizontalSpacing: "sm", fz: "sm" } },
    Modal: {
      defaultProps: {
        overlayProps: { backgroundOpacity: 0.6 },
        centered: true,
        closeButtonProps: { "aria-label": "Close" },
        // What is closed is gone at once: the next key is meant for the image.
        transitionProps: { exitDuration: 0 },
      },
    },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    // The page has one banner: the head of a dialog is none.
    ModalHeader: { defaultProps: { role: "presentation" } },
    Tooltip: {
      defaultProps: { openDelay: 350, withArrow: true, fz: "xs" },
      // Mantine's own is white on dark: the brightest thing beside an image.
      styles: {
        tooltip: {
          "--tooltip-bg": "var(--ov-panel-raised)",
          "--tooltip-color": "var(--ov-text)",
          boxShadow: "0 0 0 1px var(--ov-line-strong)",
        },
      },
    },
  },
});
