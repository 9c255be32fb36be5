import type { Archive } from '../api/schemas.ts'
import { hasFilters, isSuspicious, modelsOf } from './archives.ts'

export type Measure = 'resources' | 'revisions' | 'blobs' | 'size'
export const MEASURES: readonly Measure[] = ['resources', 'revisions', 'blobs', 'size']

/** One archive in the chart. */
export interface Bar {
  readonly archive: Archive
  readonly value: number
  /** The height of the bar, from 0 to 1. */
  readonly height: number
  /**
   * `suspicious` if the archive is suspicious and this value has become smaller. `fallen` if the value is less than
   * half of the value before.
   */
  readonly mark: 'none' | 'suspicious' | 'fallen'
}

/** The bars of one model, oldest first. */
export interface Series {
  readonly name: string
  readonly bars: readonly Bar[]
}

/** A value below this share of an earlier value is marked, as by the default of the setting `min_ratio`. */
const FALLEN_BELOW = 0.5

/** The values of one model, oldest first. */
interface Values {
  readonly name: string
  readonly archives: readonly Archive[]
  readonly valueOf: (archive: Archive) => number
}

/**
 * Returns a series for each model, or a single one for the sizes of the archives. Omits archives with filters, whose
 * numbers cannot be compared. `archives` has the newest first.
 */
export const seriesOf = (archives: readonly Archive[], measure: Measure, limit: number): readonly Series[] => {
  const all = valuesOf(archives.filter((archive) => !hasFilters(archive)).reverse(), measure)
  const halved = new Set(
    all.flatMap((values) =>
      values.archives.filter((archive, k) => isSuspicious(archive) && shareOfEarlier(values, k) < FALLEN_BELOW),
    ),
  )
  return all.map((values) => {
    const shown = values.archives.slice(-limit)
    const largest = Math.max(1, ...shown.map(values.valueOf))
    const first = values.archives.length - shown.length
    return {
      name: values.name,
      bars: shown.map((archive, index) => {
        const value = values.valueOf(archive)
        return { archive, value, height: value / largest, mark: markOf(values, first + index, halved) }
      }),
    }
  })
}

const valuesOf = (archives: readonly Archive[], measure: Measure): readonly Values[] => {
  if (measure !== 'size')
    return modelsOf(archives).map((name) => ({
      name,
      archives: archives.filter(({ models }) => models[name] !== undefined),
      valueOf: ({ models }) => models[name]?.[measure] ?? 0,
    }))
  const models = (archive: Archive): string => Object.keys(archive.models).sort().join(' ')
  const newest = archives.at(-1)
  // The size of an archive of some models cannot be compared with that of an archive of all models.
  const same = newest === undefined ? [] : archives.filter((archive) => models(archive) === models(newest))
  return same.length === 0 ? [] : [{ name: 'archive', archives: same, valueOf: ({ size }) => size }]
}

/**
 * Marks a value. The list of archives contains neither the `min_ratio` of their schedules nor the models that have
 * fallen. If no value of a suspicious archive has halved, each value that has become smaller is marked.
 */
const markOf = (values: Values, index: number, halved: ReadonlySet<Archive>): Bar['mark'] => {
  const { archives, valueOf } = values
  const archive = archives[index]
  const before = archives[index - 1]
  if (archive === undefined || before === undefined) return 'none'
  if (isSuspicious(archive) && shareOfEarlier(values, index) < (halved.has(archive) ? FALLEN_BELOW : 1))
    return 'suspicious'
  return valueOf(archive) < valueOf(before) * FALLEN_BELOW ? 'fallen' : 'none'
}

/**
 * Returns the share of a value in the earlier value with which the server compares it: the largest one since the last
 * good archive of the schedule.
 */
const shareOfEarlier = ({ archives, valueOf }: Values, index: number): number => {
  const archive = archives[index]
  if (archive === undefined) return 1
  const earlier = archives.slice(0, index)
  const own = earlier.filter(({ schedule }) => schedule === archive.schedule)
  const compared = own.length > 0 ? own : earlier.slice(-1)
  const lastGood = compared.findLastIndex((one) => one.complete && !isSuspicious(one))
  const since = compared.slice(Math.max(0, lastGood)).filter((one) => !isSuspicious(one))
  const reference = Math.max(0, ...since.map(valueOf))
  return reference === 0 ? 1 : valueOf(archive) / reference
}

/** Returns a sentence that says what a series shows, for people who do not see it. */
export const describeSeries = ({ name, bars }: Series, format: (value: number) => string): string => {
  const newest = bars.at(-1)
  if (newest === undefined) return `${name}: no archives`
  const countOf = (marked: Bar['mark']): number => bars.filter(({ mark }) => mark === marked).length
  const [fallen, suspicious] = [countOf('fallen'), countOf('suspicious')]
  const values = bars.map(({ value }) => value)
  const range = `between ${format(Math.min(...values))} and ${format(Math.max(...values))} in ${bars.length} archives`
  return [
    `${name}: ${format(newest.value)} in the newest archive`,
    range,
    ...(fallen === 0 ? [] : [`${fallen} of them with less than half of the archive before`]),
    ...(suspicious === 0 ? [] : [`${suspicious} of them suspicious`]),
  ].join(', ')
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
