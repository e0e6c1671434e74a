import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const tide: MantineColorsTuple = [
  '#e8f6f8',
  '#cfe9ee',
  '#a3d5de',
  '#70becc',
  '#47abbd',
  '#2c9bb0',
  '#178a9f',
  '#0f7387',
  '#0b5f70',
  '#074854',
];

const slate: MantineColorsTuple = [
  '#dfe5ec',
  '#b4bdc9',
  '#95a0ae',
  '#6b7686',
  '#3d4653',
  '#2c343f',
  '#1d232c',
  '#171c23',
  '#11151b',
  '#0b0e12',
];

export const theme = createTheme({
  primaryColor: 'tide',
  primaryShade: 7,
  colors: { tide, dark: slate },
  fontFamily: "'Inter Variable', system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  fontFamilyMonospace:
    "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  defaultRadius: 'md',
  cursorType: 'pointer',
  headings: {
    fontWeight: '620',
    sizes: {
      h1: { fontSize: '1.5rem', lineHeight: '1.25' },
      h2: { fontSize: '1.0625rem', lineHeight: '1.4' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.4' },
    },
  },
  respectReducedMotion: true,
  components: {
    Accordion: {
      defaultProps: { variant: 'contained', radius: 'md' },
      styles: { label: { fontSize: '0.875rem', fontWeight: 600, paddingBlock: 12 } },
    },
    Fieldset: {
      styles: { root: { marginInline: 0 }, legend: { fontSize: '0.875rem', fontWeight: 600 } },
    },
    Switch: { styles: { label: { fontWeight: 600 } } },
    Modal: { defaultProps: { radius: 'lg', overlayProps: { backgroundOpacity: 0.45, blur: 2 } } },
    Drawer: { defaultProps: { overlayProps: { backgroundOpacity: 0.45, blur: 2 } } },
  },
});

/** The colours of the page by their role; see styles.css. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': '#17212b',
    '--mantine-color-dimmed': '#586573',
    '--mantine-color-placeholder': '#6b7783',
    '--mantine-color-default-border': '#d3dae0',
    '--mantine-color-anchor': '#0b6577',
    '--mantine-color-error': '#b42a23',
    '--s-page': '#f5f7f9',
    '--s-border': '#e2e8ed',
    '--s-subtle': '#f7f9fa',
    '--s-accent': '#0f7387',
    '--s-accent-soft': '#e4f4f6',
    '--s-ok': '#17703f',
    '--s-ok-soft': '#e3f5ea',
    '--s-warn': '#875000',
    '--s-warn-soft': '#fdf2d9',
    '--s-bad': '#b42a23',
    '--s-bad-soft': '#fdeae8',
    '--s-info': '#1f5a9c',
    '--s-info-soft': '#e7f0fa',
    '--s-mute': '#54616e',
    '--s-mute-soft': '#edf1f4',
    '--s-chart-mute': '#b9c4cd',
  },
  dark: {
    '--mantine-color-body': '#171c23',
    '--mantine-color-text': '#e3e9ef',
    '--mantine-color-dimmed': '#9ca8b5',
    '--mantine-color-placeholder': '#8b97a5',
    '--mantine-color-default-border': '#343d49',
    '--mantine-color-anchor': '#6fcbdb',
    '--mantine-color-error': '#ff9088',
    '--s-page': '#0f1318',
    '--s-border': '#272e38',
    '--s-subtle': '#1b2129',
    '--s-accent': '#4bb8cb',
    '--s-accent-soft': '#12313a',
    '--s-ok': '#62d394',
    '--s-ok-soft': '#11301f',
    '--s-warn': '#eab54f',
    '--s-warn-soft': '#35280d',
    '--s-bad': '#ff9088',
    '--s-bad-soft': '#3c1917',
    '--s-info': '#86baf2',
    '--s-info-soft': '#14293f',
    '--s-mute': '#a3aebb',
    '--s-mute-soft': '#232a33',
    '--s-chart-mute': '#566270',
  },
});
