import type { Job } from '../client/job.ts'
import { bytesText, countText, durationText } from './units.ts'

/** One bar of a phase. */
export interface PhaseBar {
  readonly name: string
  readonly done: number
  readonly total: number
}

/** The counts that have a bar, in the order of the bars. */
const COUNTS = ['resources', 'blobs', 'written', 'bytes']

/**
 * Returns a bar for each count whose total is known. If none is known, returns one bar for the workers of the phase.
 */
export const barsOf = ({ progress, counts = {}, expected = {} }: Job): PhaseBar[] => {
  const bars = COUNTS.flatMap((name): PhaseBar[] => {
    const total = expected[name] ?? 0
    const done = counts[name] ?? (name === 'resources' ? (counts['loaded'] ?? 0) + (counts['skipped'] ?? 0) : 0)
    // Totals may be estimates.
    return total === 0 ? [] : [{ name, done, total: Math.max(done, total) }]
  })
  if (bars.length > 0 || progress === undefined || progress.total === 0) return bars
  return [{ name: 'workers', done: progress.done, total: progress.total }]
}

/** Returns the amounts of a bar, its rate and the time that is left, from the seconds since the phase began. */
export const rateText = ({ name, done, total }: PhaseBar, seconds: number): string => {
  const amount = name === 'bytes' ? bytesText : countText
  const parts = [`${amount(done)} of ${amount(total)}`]
  if (done > 0 && seconds >= 1 && name !== 'workers') parts.push(`${amount(Math.round(done / seconds))}/s`)
  if (done > 0 && seconds >= 1 && done < total) parts.push(`${durationText(((total - done) * seconds) / done)} left`)
  return parts.join(', ')
}
