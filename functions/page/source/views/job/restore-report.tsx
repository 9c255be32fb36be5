import type { VNode } from 'preact'
import { urlOf } from '../../api/client.ts'
import { type Job, Report, type Result } from '../../api/schemas.ts'
import { useApi } from '../../api/use-api.ts'
import { verdictOf } from '../../model/verdict.ts'
import { Checks } from '../../parts/checks.tsx'
import { Differences } from '../../parts/differences.tsx'
import { Exceptions } from '../../parts/exceptions.tsx'
import { ModelTable } from '../../parts/model-table.tsx'
import { Section } from '../../parts/section.tsx'
import { Badge } from '../../parts/status.tsx'

const RESTORED = [
  ['loaded', 'Restored'],
  ['skipped', 'Skipped'],
  ['total', 'Total'],
] as const
const CHECKED = [
  ['resources', 'Resources'],
  ['revisions', 'Revisions'],
  ['blobs', 'Blobs'],
] as const

/** The report of a restore or of a check. The result in the job has only the first findings of each check. */
export const RestoreReport = ({ job, result }: { readonly job: Job; readonly result: Result }): VNode => {
  const { data } = useApi(`/_backup/jobs/${encodeURIComponent(job.job_id)}/report`, Report, () => Infinity)
  const { verification } = result
  const passed = data?.passed ?? verification?.passed ?? false
  const proved = data?.proved ?? verification?.proved
  const verdict = verdictOf(job.kind, proved, result)
  const checks = data?.checks ?? verification?.checks ?? {}
  const models = result.models ?? data?.models ?? {}
  return (
    <>
      {passed && (
        <p class={`notice ${verdict.isGood ? 'good' : 'warn'}`} role="status">
          <span class="sign" aria-hidden="true">
            {verdict.isGood ? '✓' : '!'}
          </span>
          {verdict.text}
        </p>
      )}
      <div class="columns">
        <Section title={job.kind === 'check' ? 'Content of the archive' : 'Restored'}>
          <ModelTable models={models} columns={job.kind === 'check' ? CHECKED : RESTORED} label="Counts by model" />
          <Exceptions result={result} />
        </Section>
        <Section
          title="Report"
          action={
            <span class="panel-actions">
              {verdict.isProof && <Badge tone="good" text="proved" />}
              <Badge tone={passed ? 'good' : 'bad'} text={passed ? 'passed' : 'failed'} />
            </span>
          }
        >
          <Checks checks={checks} />
          {job.error?.type === 'verification-failed' && (
            <>
              <Differences jobId={job.job_id} group="missing" title="Missing in the store" />
              <Differences jobId={job.job_id} group="changed" title="Different in the store" />
            </>
          )}
          {job.links['report'] !== undefined && (
            <p class="after-table">
              <a href={urlOf(job.links['report'])}>The whole report as JSON</a>
            </p>
          )}
        </Section>
      </div>
    </>
  )
}
