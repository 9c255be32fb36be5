import type { VNode } from 'preact'
import { send, urlOf } from '../api/client.ts'
import { Anything, Job } from '../api/schemas.ts'
import { useAction } from '../api/use-action.ts'
import { useApi } from '../api/use-api.ts'
import { scopeOf, startedBy, titleOf } from '../model/describe-job.ts'
import { duration, plural } from '../model/format.ts'
import { hasEnded, isDryRun, labelOf, storeAfterFailure } from '../model/phases.ts'
import { pollMs } from '../model/poll.ts'
import { restoreHref } from '../model/route.ts'
import { ConfirmButton } from '../parts/confirm.tsx'
import { Counts, ProgressBar, Steps } from '../parts/job-progress.tsx'
import { ProblemBox } from '../parts/problem.tsx'
import { WhenLoaded } from '../parts/section.tsx'
import { Status } from '../parts/status.tsx'
import { Time, useNow } from '../parts/time.tsx'
import { DryRunResult } from './job/dry-run-result.tsx'
import { ExportResult } from './job/export-result.tsx'
import { RestoreReport } from './job/restore-report.tsx'

/** One job, live: its phases, its result or its error, and what can be done next. */
export const JobView = ({ jobId }: { readonly jobId: string }): VNode => {
  const path = `/_backup/jobs/${encodeURIComponent(jobId)}`
  const loaded = useApi(path, Job, (job) => (hasEnded(job) ? Infinity : pollMs([job])))
  return (
    <WhenLoaded loaded={loaded} missing={<p>There is no such job.</p>}>
      {(job) => (
        <>
          <Head job={job} reload={loaded.reload} />
          {job.error !== undefined && <ProblemBox problem={job.error} />}
          {job.status === 'failed' && job.kind === 'restore' && !isDryRun(job) && <AfterFailure job={job} />}
          {job.kind === 'export' && job.result !== undefined && <ExportResult job={job} result={job.result} />}
          {isDryRun(job) && job.result !== undefined && <DryRunResult job={job} result={job.result} />}
          {!isDryRun(job) && job.kind !== 'export' && hasEnded(job) && job.result !== undefined && (
            <RestoreReport job={job} result={job.result} />
          )}
          <details class="panel">
            <summary>Request</summary>
            <pre tabIndex={0}>{JSON.stringify(job.request, undefined, 2)}</pre>
          </details>
        </>
      )}
    </WhenLoaded>
  )
}

/** What a failed restore means for the store. */
const AfterFailure = ({ job }: { readonly job: Job }): VNode => <p class="notice">{storeAfterFailure(job)}</p>

const Head = ({ job, reload }: { readonly job: Job; readonly reload: () => void }): VNode => {
  const now = useNow(1_000)
  const { isBusy, problem, run } = useAction()
  const started = job.started_at ?? job.created_at
  const ended = job.ended_at === undefined ? now : Date.parse(job.ended_at)
  const archive = job.result?.archive
  return (
    <section class="panel" aria-label="Job">
      <div class="job-head">
        <h2>
          {titleOf(job)} <span class="muted">{scopeOf(job)}</span>
        </h2>
        <span aria-live="polite">
          <Status status={job.status} />
        </span>
      </div>
      <p class="muted wrap">
        started <Time at={started} /> by {startedBy(job)} · {hasEnded(job) ? 'took' : 'running for'}{' '}
        {duration(Math.max(0, ended - Date.parse(started)) / 1000)} · <code>{job.job_id}</code>
      </p>
      {!hasEnded(job) && job.status !== 'awaiting_upload' && (
        <>
          <ProgressBar job={job} />
          <p class="muted">
            {job.phase === undefined ? 'Waiting to start' : labelOf(job.phase)}
            {job.progress !== undefined && `: ${job.progress.done} of ${plural(job.progress.total, 'worker')} finished`}
          </p>
        </>
      )}
      {job.status !== 'expired' && job.status !== 'awaiting_upload' && <Steps job={job} />}
      {job.counts !== undefined && <Counts counts={job.counts} expected={job.expected} />}
      {job.throttled?.map(({ by, operation, attempts }) => (
        <p key={`${by} ${operation}`} class="notice warn">
          AWS throttles this job: {by}, {operation}, {plural(attempts, 'rejected request')}. It takes longer, but goes
          on.
        </p>
      ))}
      {problem !== undefined && <ProblemBox problem={problem} role="alert" />}
      <div class="actions">
        {job.links['archive'] !== undefined && job.result !== undefined && (
          <a class="button" href={urlOf(job.links['archive'])} download>
            Download the archive
          </a>
        )}
        {job.kind === 'export' && archive !== undefined && (
          <a class="button" href={restoreHref({ ...archive, job_id: job.job_id })}>
            Restore…
          </a>
        )}
        {job.links['cancel'] !== undefined && (
          <ConfirmButton
            label={isBusy ? 'Cancelling…' : 'Cancel the job'}
            title="Cancel this job?"
            action="Cancel the job"
            isDangerous
            onConfirm={() => {
              run(async () => {
                await send(`/_backup/jobs/${encodeURIComponent(job.job_id)}/cancel`, Anything, {
                  method: 'POST',
                  body: {},
                })
                reload()
              })
            }}
          >
            <p>
              {job.kind === 'restore' && !isDryRun(job)
                ? 'What the restore has written so far stays in the store. Each of these resources is complete.'
                : 'Its work so far is discarded. The store does not change.'}
            </p>
          </ConfirmButton>
        )}
      </div>
    </section>
  )
}
