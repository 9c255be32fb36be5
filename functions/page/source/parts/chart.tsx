import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import type { Archive } from '../api/schemas.ts'
import { type Bar, barAfter, describeSeries, type Measure, MEASURES, type Series, seriesOf } from '../model/chart.ts'
import { bytes, count } from '../model/format.ts'
import { jobHref } from '../model/route.ts'

const BARS = 24
const BAR = 12
const HEIGHT = 56
/** A bar with a small value stays visible and can be clicked. */
const MIN_HEIGHT = 2

/** A bar of each model for each archive. A backup that is much smaller than an earlier one stands out. */
export const ArchiveChart = ({ archives }: { readonly archives: readonly Archive[] }): VNode => {
  const [measure, setMeasure] = useState<Measure>('resources')
  const series = seriesOf(archives, measure, BARS)
  const format = measure === 'size' ? bytes : count
  const filled = series.filter(({ bars }) => bars.some(({ value }) => value > 0))
  const empty = series.filter((one) => !filled.includes(one))
  const isMarked = series.some(({ bars }) => bars.some(({ mark }) => mark !== 'none'))
  return (
    <>
      <fieldset class="segmented">
        <legend class="hidden">Measure</legend>
        {MEASURES.map((one) => (
          <label key={one}>
            <input
              type="radio"
              name="measure"
              checked={measure === one}
              onChange={() => {
                setMeasure(one)
              }}
            />
            <span>{one}</span>
          </label>
        ))}
      </fieldset>
      {series.length === 0 && <p class="empty">There is no archive without filters among the newest archives.</p>}
      <ul class={`chart ${measure === 'size' ? 'wide' : ''}`}>
        {filled.map((one) => (
          <Row key={one.name} series={one} format={format} />
        ))}
      </ul>
      {empty.length > 0 && (
        <p class="legend">
          no {measure} in these archives: {empty.map(({ name }) => name).join(', ')}
        </p>
      )}
      {isMarked && (
        <p class="legend">
          <svg width="12" height="12" aria-hidden="true">
            <rect width="12" height="12" rx="2" class="mark" />
          </svg>
          less than half of an earlier archive, or a suspicious archive
        </p>
      )}
    </>
  )
}

type Format = (value: number) => string

/** A row of bars. Tab reaches one bar of the row, the arrow keys the others, and Enter opens the job of the archive. */
const Row = ({ series, format }: { readonly series: Series; readonly format: Format }): VNode => {
  const { name, bars } = series
  const [chosen, setChosen] = useState<number>()
  const current = Math.min(chosen ?? bars.length - 1, bars.length - 1)
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = barAfter(event.key, current, bars.length)
    if (next === undefined) return
    event.preventDefault()
    setChosen(next)
    if (event.currentTarget instanceof Element) event.currentTarget.querySelectorAll('a')[next]?.focus()
  }
  return (
    <li>
      <p>
        <span class="chart-name">{name}</span>
        <span class="chart-value">{format(bars.at(-1)?.value ?? 0)}</span>
      </p>
      <svg
        class="bars"
        viewBox={`0 0 ${BARS * BAR} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="group"
        aria-label={describeSeries(series, format)}
        onKeyDown={onKeyDown}
      >
        <line x1="0" x2={BARS * BAR} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} class="axis" />
        {bars.map((bar, index) => (
          <BarOf key={bar.archive.key} bar={bar} x={index * BAR} format={format} isCurrent={index === current} />
        ))}
      </svg>
    </li>
  )
}

interface BarProps {
  readonly bar: Bar
  readonly x: number
  readonly format: Format
  /** True if the Tab key reaches this bar. */
  readonly isCurrent: boolean
}

const BarOf = ({ bar, x, format, isCurrent }: BarProps): VNode => {
  const { archive, value, mark } = bar
  const height = Math.max(MIN_HEIGHT, bar.height * (HEIGHT - 4))
  const text = `${new Date(archive.created_at).toLocaleString()}: ${format(value)}${mark === 'none' ? '' : ` (${mark})`}`
  return (
    <a class={`bar-of ${mark}`} href={jobHref(archive.job_id)} tabindex={isCurrent ? 0 : -1} aria-label={text}>
      <title>{text}</title>
      <rect x={x} y="0" width={BAR} height={HEIGHT} class="hit" />
      <rect
        x={x + 1.5}
        y={HEIGHT - height}
        width={BAR - 3}
        height={height}
        rx="1.5"
        class={mark === 'none' ? 'value' : 'mark'}
      />
    </a>
  )
}
