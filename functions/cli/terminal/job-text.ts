import type { Job } from '../client/job.ts'
import { JobResult } from '../client/job-result.ts'
import type { Output } from './output.ts'
import { resultText } from './result-text.ts'
import { statusText } from './status-text.ts'
import { list } from './table.ts'
import { countText, durationText, timeText } from './units.ts'

/** Returns what a person wants to know about a job: its facts, and its result or its error. */
export const jobText = (output: Output, job: Job): string => {
  const result = JobResult.safeParse(job.result)
  return [
    list(output, factsOf(output, job)),
    ...(result.success ? [resultText(output, result.data, job.request)] : []),
    ...(result.success || job.result === undefined
      ? []
      : [
          output.style(
            'yellow',
            'This version of the command cannot show the result: use --json, or update the command',
          ),
        ]),
    ...(job.error === undefined ? [] : [`${output.style('red', 'error')}: ${output.problemText(job.error)}`]),
  ].join('\n\n')
}

const factsOf = (output: Output, job: Job): (readonly [string, string])[] => {
  const { started_at, ended_at, phase, progress, counts = {}, throttled = [] } = job
  const facts: (readonly [string, string])[] = [
    ['job', job.job_id],
    ['kind', job.request?.dry_run === true ? `${job.kind} (dry run)` : job.kind],
    ['status', statusText(output, job.status)],
    ['started by', job.requested_by],
    ['created', timeText(job.created_at)],
  ]
  if (started_at !== undefined && ended_at !== undefined)
    facts.push(['duration', durationText((Date.parse(ended_at) - Date.parse(started_at)) / 1000)])
  if (phase !== undefined && ended_at === undefined)
    facts.push([
      'phase',
      progress === undefined ? phase : `${phase}, ${progress.done} of ${progress.total} workers done`,
    ])
  for (const [name, count] of Object.entries(counts)) facts.push([name, countText(count)])
  for (const { by, operation, attempts } of throttled)
    facts.push(['throttled', `${by}: ${operation}, ${countText(attempts)} rejected requests`])
  if (job.slot_expires_at !== undefined && job.status === 'awaiting_upload')
    facts.push(['open until', timeText(job.slot_expires_at)])
  return facts
}
