/** One line of terminal output, and when it appears in seconds after the start. */
export interface TimedLine {
  readonly text: string
  readonly seconds: number
}

/** The height of the terminal window, in lines. */
const ROWS = 32
/** The minimum width of the terminal window, in characters. */
const MIN_COLUMNS = 80
/**
 * The width of a character in pixels, in a monospaced font with a size of 13 px. The sizes below are also in pixels.
 */
const CHAR_WIDTH = 7.8
const LINE_HEIGHT = 18
const PADDING = 16
/** The time for which the last lines are visible before the animation starts again. */
const END_PAUSE_SECONDS = 6

const STYLE = `
.window { fill: #161b22; stroke: #444c56 }
text { fill: #d1d7e0; font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace }
.prompt { fill: #6cb6ff }
.heading { fill: #ffffff; font-weight: 600 }
.passed { fill: #6bc46d }`

/**
 * Returns an SVG animation of terminal output. New lines appear at the bottom of the window, and older lines move up.
 * The SVG contains no scripts and loads no files. A viewer that does not animate it shows the last lines.
 */
export const terminalSvg = (title: string, lines: readonly TimedLine[]): string => {
  const columns = Math.max(MIN_COLUMNS, ...lines.map(({ text }) => text.length))
  const width = Math.ceil(columns * CHAR_WIDTH) + 2 * PADDING
  const viewHeight = ROWS * LINE_HEIGHT
  const height = viewHeight + 2 * PADDING
  const duration = (lines.at(-1)?.seconds ?? 0) + END_PAUSE_SECONDS
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(title)}">
<title>${escapeXml(title)}</title>
<style>${STYLE}
.lines { transform: translateY(${offsetOf(lines.length)}px); animation: scroll ${duration.toFixed(1)}s step-end infinite }
@keyframes scroll {
${keyframes(lines, duration).join('\n')}
}
@media (prefers-reduced-motion: reduce) { .lines { animation: none } }
</style>
<clipPath id="view"><rect x="${PADDING}" y="${PADDING}" width="${width - 2 * PADDING}" height="${viewHeight}"/></clipPath>
<rect class="window" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
<g clip-path="url(#view)"><g class="lines">
${lines.flatMap(({ text }, n) => (text === '' ? [] : [textElement(text, n)])).join('\n')}
</g></g>
</svg>
`
}

/** Returns the vertical position in pixels at which line number `shown` is the last line in the window. */
const offsetOf = (shown: number): number => PADDING + (ROWS - shown) * LINE_HEIGHT

/** Returns the keyframes of the animation. Lines that appear at the same time share a keyframe. */
const keyframes = (lines: readonly TimedLine[], duration: number): string[] => {
  const shownAt = new Map<string, number>()
  for (const [n, { seconds }] of lines.entries()) shownAt.set(((100 * seconds) / duration).toFixed(2), n + 1)
  return [...shownAt].map(([percent, shown]) => `${percent}% { transform: translateY(${offsetOf(shown)}px) }`)
}

const textElement = (text: string, n: number): string => {
  // `textLength` sets the width of the line, so that columns are aligned in fonts with another character width.
  const length = (text.length * CHAR_WIDTH).toFixed(1)
  const position = `x="${PADDING}" y="${n * LINE_HEIGHT + 13}" textLength="${length}"`
  return `<text ${position}${classOf(text)}>${keepSpaces(escapeXml(text))}</text>`
}

/** Replaces spaces with no-break spaces, because browsers show several spaces in SVG text as one. */
const keepSpaces = (text: string): string => text.replaceAll(' ', '\u00a0')

const classOf = (text: string): string => {
  if (text.startsWith('$ ')) return ' class="prompt"'
  if (/^(Step \d|Summary|All checks)/.test(text)) return ' class="heading"'
  return /^ {2}(✓|Restored|Proved|Found|Mended) /.test(text) ? ' class="passed"' : ''
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
