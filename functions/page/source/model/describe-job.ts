import type { Job } from '../api/schemas.ts'
import { bytes, plural } from './format.ts'
import { isDryRun } from './phases.ts'

/** Returns what a job does, such as `Dry run`. */
export const titleOf = (job: Pick<Job, 'kind' | 'request'>): string => {
  if (job.kind === 'check') return 'Check'
  if (job.kind === 'export') return 'Export'
  return isDryRun(job) ? 'Dry run' : 'Restore'
}

/** Parameters of a request that are not filters. */
const NO_FILTERS = ['models', 'strict', 'format', 'on_duplicate', 'dry_run', 'archive', 'from']

/** Returns the models and filters of a job, such as `country, city · ids`. */
export const scopeOf = ({ request }: Pick<Job, 'request'>): string => {
  const { models } = request
  const names = Array.isArray(models) ? models.map(String) : []
  const filters = Object.keys(request).filter((name) => !NO_FILTERS.includes(name))
  return [namesOf(names), ...filters].join(' · ')
}

/** The number of names that fit into a line. */
const MAX_NAMES = 3

/** Returns the names of models, or their number if there are many. */
export const namesOf = (names: readonly string[]): string => {
  if (names.length === 0) return 'all models'
  return names.length > MAX_NAMES ? `${names.length} models` : names.join(', ')
}

/** Returns what a listed job has done, such as `741 resources · 14.3 MB`. Empty if it has no result. */
export const outcomeOf = (job: Pick<Job, 'kind' | 'request' | 'models' | 'archive'>): string => {
  const { models, archive } = job
  if (models === undefined) return ''
  const sum = (name: string): number => Object.values(models).reduce((total, counts) => total + (counts[name] ?? 0), 0)
  if (isDryRun(job)) {
    const differing = sum('new') + sum('changed')
    return differing === 0 ? 'no differences' : `${plural(sum('new'), 'new resource')}, ${sum('changed')} changed`
  }
  if (job.kind === 'restore') {
    const skipped = sum('skipped')
    return `${plural(sum('loaded'), 'resource')} restored${skipped === 0 ? '' : `, ${skipped} skipped`}`
  }
  const size = archive?.size === undefined ? '' : ` · ${bytes(archive.size)}`
  return `${plural(sum('resources'), 'resource')}${size}`
}

/** Returns who started a job, without the parts of an ARN that are the same for everybody. */
export const startedBy = ({ source, requested_by }: Pick<Job, 'source' | 'requested_by'>): string => {
  if (source === 'schedule') return requested_by.replace(/^schedule:/, 'schedule ')
  return requested_by.replace(/^arn:aws[\w-]*:(?:sts|iam)::\d*:/, '')
}
