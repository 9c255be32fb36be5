import type { VNode } from 'preact'
import type { Job } from '../api/schemas.ts'
import { outcomeOf, scopeOf, startedBy, titleOf } from '../model/describe-job.ts'
import { duration, shortId } from '../model/format.ts'
import { hasEnded, labelOf } from '../model/phases.ts'
import { jobHref } from '../model/route.ts'
import { Status } from './status.tsx'
import { Time } from './time.tsx'

export const JobTable = ({ jobs, label }: { readonly jobs: readonly Job[]; readonly label: string }): VNode => (
  <div class="scroll" role="group" aria-label={label} tabIndex={0}>
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">Job</th>
          <th scope="col">Status</th>
          <th scope="col">Scope</th>
          <th scope="col">Outcome</th>
          <th scope="col">Started by</th>
          <th scope="col">Created</th>
          <th scope="col" class="number">
            Duration
          </th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <tr key={job.job_id}>
            <th scope="row">
              <a href={jobHref(job.job_id)} title={job.job_id}>
                {titleOf(job)} <code>{shortId(job.job_id)}</code>
              </a>
            </th>
            <td data-label="Status">
              <Status status={job.status} />
            </td>
            <td data-label="Scope" class="minor">
              {scopeOf(job)}
            </td>
            <td data-label="Outcome">{outcomeText(job)}</td>
            <td data-label="Started by" class="muted minor">
              {startedBy(job)}
            </td>
            <td data-label="Created">
              <Time at={job.created_at} />
            </td>
            <td data-label="Duration" class="number minor">
              {job.duration_seconds === undefined ? '–' : duration(job.duration_seconds)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)

const outcomeText = (job: Job): string => {
  if (job.error !== undefined) return job.error.title
  if (!hasEnded(job)) return job.phase === undefined ? '' : `${labelOf(job.phase)}…`
  return outcomeOf(job)
}
