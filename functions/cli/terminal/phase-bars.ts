import type { Job } from '../client/job.ts'
import { bytesText, countText, durationText } from './units.ts'

/** One bar of a phase. */
export interface PhaseBar {
  readonly name: string
  readonly done: number
  readonly total: number
  /** False if the time that is left cannot be estimated from this bar. */
  readonly hasEstimate?: boolean
}

/** The counts that have a bar, in the order of the bars. */
const COUNTS = ['resources', 'blobs', 'written', 'bytes']

/**
 * Returns a bar for each count whose total is known. If none is known, returns one bar for the workers of the phase. If
 * there is a bar of bytes, no time is estimated from the number of blobs, because one blob can contain most of the
 * bytes.
 */
export const barsOf = ({ progress, counts = {}, expected = {} }: Job): PhaseBar[] => {
  const bars = COUNTS.flatMap((name): PhaseBar[] => {
    const total = expected[name] ?? 0
    const done = counts[name] ?? (name === 'resources' ? (counts['loaded'] ?? 0) + (counts['skipped'] ?? 0) : 0)
    // Totals may be estimates.
    if (total === 0) return []
    const bar = { name, done, total: Math.max(done, total) }
    return [name === 'blobs' && (expected['bytes'] ?? 0) > 0 ? { ...bar, hasEstimate: false } : bar]
  })
  if (bars.length > 0 || progress === undefined || progress.total === 0) return bars
  return [{ name: 'workers', done: progress.done, total: progress.total }]
}

/** The time for which a bar was observed, and what was done when this time began. */
interface Observed {
  readonly seconds: number
  readonly from: number
}

/**
 * Returns the amounts of a bar, its rate and the time that is left for this bar. Only work that was observed counts,
 * because the command can begin to observe a job in the middle of a phase. The time is shown only if a tenth of the
 * work was observed: the first workers begin one after the other, so an earlier estimate would be wrong.
 */
export const rateText = ({ name, done, total, hasEstimate = true }: PhaseBar, { seconds, from }: Observed): string => {
  const amount = name === 'bytes' ? bytesText : countText
  const observed = done - from
  const parts = [`${amount(done)} of ${amount(total)}`]
  if (observed > 0 && seconds >= 1) {
    if (name !== 'workers') parts.push(`${amount(Math.round(observed / seconds))}/s`)
    if (hasEstimate && done < total && observed * 10 >= total)
      parts.push(`about ${durationText(((total - done) * seconds) / observed)} left`)
  }
  return parts.join(', ')
}
