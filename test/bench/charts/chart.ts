import { scaleLinear, scaleLog } from 'd3-scale'
import { line } from 'd3-shape'

/** A line of a chart. */
export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

interface Chart {
  readonly title: string
  readonly xTitle: string
  readonly yTitle: string
  readonly series: readonly Series[]
}

const WIDTH = 720
const HEIGHT = 400
const MARGIN = { top: 40, right: 220, bottom: 50, left: 64 }
/** The colours of Okabe and Ito, which most people with a colour vision deficiency can distinguish. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9']
/** The lines and the text are readable on light and dark backgrounds. */
const GREY = '#888'

/**
 * Draws a line chart as SVG, with a logarithmic x axis and a linear y axis from 0. Series without points are left out.
 */
export const chartSvg = ({ title, xTitle, yTitle, series }: Chart): string => {
  const drawn = series.filter(({ points }) => points.length > 0)
  const all = drawn.flatMap(({ points }) => points)
  if (all.length === 0) throw new RangeError(`the chart "${title}" has no points`)
  const xs = all.map(([x]) => x)
  const [low, high] = [Math.min(...xs), Math.max(...xs)]
  // A domain of one value would have no length.
  const x = scaleLog()
    .domain(low === high ? [low / 2, high * 2] : [low, high])
    .range([MARGIN.left, WIDTH - MARGIN.right])
  const y = scaleLinear()
    .domain([0, Math.max(...all.map(([, value]) => value))])
    .nice()
    .range([HEIGHT - MARGIN.bottom, MARGIN.top])
  const path = line()
    .x(([value]) => x(value))
    .y(([, value]) => y(value))
  const bottom = HEIGHT - MARGIN.bottom
  const elements = [
    text(WIDTH / 2 - MARGIN.right / 2, 20, title, 'middle', 'bold'),
    text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 10, xTitle, 'middle'),
    text(8, MARGIN.top - 10, yTitle, 'start'),
    ...[...new Set(xs)].map((value) => text(x(value), bottom + 18, format(value), 'middle')),
    ...y
      .ticks(5)
      .flatMap((value) => [
        `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(value)}" y2="${y(value)}" stroke="${GREY}" ` +
          'stroke-width="0.5"/>',
        text(MARGIN.left - 8, y(value) + 4, format(value), 'end'),
      ]),
    ...drawn.flatMap(({ name, points }, k) => {
      const colour = COLOURS[k % COLOURS.length] ?? GREY
      const labelY = MARGIN.top + 10 + 20 * k
      const labelX = WIDTH - MARGIN.right + 16
      return [
        `<path d="${path(points.map(([px, py]) => [px, py])) ?? ''}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...points.map(([px, py]) => `<circle cx="${x(px)}" cy="${y(py)}" r="3.5" fill="${colour}"/>`),
        `<rect x="${labelX}" y="${labelY - 9}" width="12" height="12" fill="${colour}"/>`,
        text(labelX + 18, labelY + 1, name, 'start'),
      ]
    }),
  ]
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" ` +
    `font-family="sans-serif" font-size="12">\n${elements.join('\n')}\n</svg>\n`
  )
}

const text = (x: number, y: number, content: string, anchor: string, weight = 'normal'): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" font-weight="${weight}" fill="${GREY}">${escapeXml(content)}</text>`

const format = (value: number): string => (value > 0 && value < 10 ? value.toPrecision(2) : value.toFixed(0))

const escapeXml = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
