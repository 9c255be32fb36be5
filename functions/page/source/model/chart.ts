import type { Archive } from '../api/schemas.ts'
import { hasFilters, modelsOf } from './archives.ts'

export type Measure = 'resources' | 'revisions' | 'blobs' | 'size'
export const MEASURES: readonly Measure[] = ['resources', 'revisions', 'blobs', 'size']

/** One archive in the chart. */
export interface Bar {
  readonly archive: Archive
  readonly value: number
  /** The height of the bar, from 0 to 1. */
  readonly height: number
  /** `suspicious` if the server says so. `fallen` if the value is less than half of the value before. */
  readonly mark: 'none' | 'suspicious' | 'fallen'
}

/** The bars of one model, oldest first. */
export interface Series {
  readonly name: string
  readonly bars: readonly Bar[]
}

/** A value below this share of the value before is marked, as by the default of the setting `min_ratio`. */
const FALLEN_BELOW = 0.5

/**
 * Returns a series for each model, or a single one for the sizes of the archives. Omits archives with filters, whose
 * numbers cannot be compared. `archives` has the newest first.
 */
export const seriesOf = (archives: readonly Archive[], measure: Measure, limit: number): readonly Series[] => {
  const comparable = archives.filter((archive) => !hasFilters(archive)).reverse()
  if (measure === 'size') {
    const models = (archive: Archive): string => Object.keys(archive.models).sort().join(' ')
    const newest = comparable.at(-1)
    // The size of an archive of some models cannot be compared with that of an archive of all models.
    const same = newest === undefined ? [] : comparable.filter((archive) => models(archive) === models(newest))
    return same.length === 0 ? [] : [{ name: 'archive', bars: barsOf(same, ({ size }) => size, limit) }]
  }
  return modelsOf(comparable).map((name) => ({
    name,
    bars: barsOf(
      comparable.filter(({ models }) => models[name] !== undefined),
      ({ models }) => models[name]?.[measure] ?? 0,
      limit,
    ),
  }))
}

const barsOf = (archives: readonly Archive[], valueOf: (archive: Archive) => number, limit: number): readonly Bar[] => {
  const shown = archives.slice(-limit)
  const largest = Math.max(1, ...shown.map(valueOf))
  return shown.map((archive, index) => {
    const value = valueOf(archive)
    const before = shown[index - 1]
    const hasFallen = before !== undefined && value < valueOf(before) * FALLEN_BELOW
    return {
      archive,
      value,
      height: value / largest,
      mark: archive.suspicious && hasFallen ? 'suspicious' : hasFallen ? 'fallen' : 'none',
    }
  })
}

/** Returns a sentence that says what a series shows, for people who do not see it. */
export const describeSeries = ({ name, bars }: Series, format: (value: number) => string): string => {
  const newest = bars.at(-1)
  if (newest === undefined) return `${name}: no archives`
  const marked = bars.filter(({ mark }) => mark !== 'none').length
  const values = bars.map(({ value }) => value)
  const range = `between ${format(Math.min(...values))} and ${format(Math.max(...values))} in ${bars.length} archives`
  return `${name}: ${format(newest.value)} in the newest archive, ${range}${marked === 0 ? '' : `, ${marked} of them much smaller than the archive before`}`
}

/** Returns the index of the bar that a key moves to, or undefined if the key has no meaning. */
export const barAfter = (key: string, current: number, count: number): number | undefined => {
  const last = count - 1
  const targets: ReadonlyMap<string, number> = new Map([
    ['ArrowLeft', Math.max(0, current - 1)],
    ['ArrowRight', Math.min(last, current + 1)],
    ['Home', 0],
    ['End', last],
  ])
  return targets.get(key)
}
