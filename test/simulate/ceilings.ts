import { LIMITS } from '../../shared/jobs/limits.ts'
import type { Figures, JobFigures } from './simulate.ts'

/** The limits of AWS, and the stricter limits that the project sets itself. */
export const CEILINGS = {
  parts: 10_000,
  events: 25_000,
  mapItems: LIMITS.mapItems,
  stateBytes: 64 * 1024,
  functionSeconds: 900,
}

/**
 * Describes the ceilings that an export, and the restore and the check of its archive, exceed, and the errors with
 * which they fail.
 */
export const brokenCeilings = ({ archive, export: exported, restore, check }: Figures): string[] => [
  ...brokenByJob('export', exported),
  ...(restore === undefined ? [] : brokenByJob('restore', restore)),
  ...(check === undefined ? [] : brokenByJob('check', check)),
  ...over('parts of the archive', archive?.parts ?? 0, CEILINGS.parts),
]

const brokenByJob = (name: string, figures: JobFigures): string[] => [
  ...over(`${name}: events of an execution`, Math.max(figures.events, figures.childEvents), CEILINGS.events),
  ...over(`${name}: items of a map`, figures.mapItems, CEILINGS.mapItems),
  ...over(`${name}: bytes of the state`, figures.stateBytes, CEILINGS.stateBytes),
  ...over(
    `${name}: seconds of ${figures.longestFunction.stage}`,
    figures.longestFunction.seconds,
    CEILINGS.functionSeconds,
  ),
  ...(figures.error === undefined ? [] : [`${name}: fails with ${figures.error}`]),
]

const over = (what: string, value: number, limit: number): string[] =>
  value > limit ? [`${what}: ${Math.ceil(value).toLocaleString('en')} of at most ${limit.toLocaleString('en')}`] : []
