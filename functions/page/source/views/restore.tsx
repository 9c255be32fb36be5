import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { send } from '../api/client.ts'
import { Job, StartedJob } from '../api/schemas.ts'
import { useAction } from '../api/use-action.ts'
import { useApi } from '../api/use-api.ts'
import { useArchives } from '../api/use-archives.ts'
import { modelsOf } from '../model/archives.ts'
import { type ArchiveSource, type RestoreForm, restoreRequest } from '../model/forms.ts'
import { hasEnded } from '../model/phases.ts'
import { jobHref } from '../model/route.ts'
import { ProgressBar } from '../parts/job-progress.tsx'
import { ProblemBox } from '../parts/problem.tsx'
import { DryRunResult } from './job/dry-run-result.tsx'
import { ChooseArchive } from './restore/choose-archive.tsx'
import { RestoreOptions } from './restore/restore-options.tsx'
import { StartRestore } from './restore/start-restore.tsx'

/** Restores an archive in three steps: choose, compare with the store, restore. */
export const Restore = ({ query }: { readonly query: URLSearchParams }): VNode => {
  const [file, setFile] = useState<File>()
  const source = file === undefined ? sourceOf(query) : ({ in: 'file', file } as const)
  if (source === undefined) return <ChooseArchive onFile={setFile} />
  return <CompareAndRestore source={source} />
}

const sourceOf = (query: URLSearchParams): ArchiveSource | undefined => {
  const [bucket, key, version] = ['bucket', 'key', 'version_id'].map((name) => query.get(name))
  if (bucket === null || key === null || bucket === undefined || key === undefined) return undefined
  return { in: 's3', bucket, key, ...(version === null || version === undefined ? {} : { version_id: version }) }
}

/** A dry run, and the form for which it was started. */
interface Comparison {
  readonly jobId: string
  readonly form: RestoreForm
}

const POLL_MS = 700

const CompareAndRestore = ({ source }: { readonly source: ArchiveSource }): VNode => {
  const archives = useArchives().data?.archives ?? []
  const archive = archives.find(
    ({ bucket, key }) => source.in === 's3' && bucket === source.bucket && key === source.key,
  )
  const [form, setForm] = useState<RestoreForm>({ model: '', ids: '', strategy: 'overwrite', strict: true })
  const [comparison, setComparison] = useState<Comparison>()
  const compare = useAction()
  const dryRun = useApi(
    comparison === undefined ? undefined : `/_backup/jobs/${encodeURIComponent(comparison.jobId)}`,
    Job,
    (job) => (hasEnded(job) ? Infinity : POLL_MS),
  )
  const job = dryRun.data
  const isCurrent = comparison?.form === form
  return (
    <>
      <section class="panel form" aria-label="Archive and options">
        <dl class="facts">
          <div>
            <dt>Archive</dt>
            <dd class="wrap">
              <code>{source.in === 'file' ? source.file.name : `s3://${source.bucket}/${source.key}`}</code>
            </dd>
          </div>
        </dl>
        <RestoreOptions
          form={form}
          models={archive === undefined ? modelsOf(archives) : Object.keys(archive.models).sort()}
          onChange={setForm}
        />
        {compare.problem !== undefined && <ProblemBox problem={compare.problem} role="alert" />}
        <div class="actions">
          <button
            type="button"
            class={isCurrent ? '' : 'primary'}
            disabled={compare.isBusy || (isCurrent && job !== undefined && !hasEnded(job))}
            onClick={() => {
              compare.run(async () => {
                const { path, body } = restoreRequest(source, form, true)
                const { job_id } = await send(path, StartedJob, { method: 'POST', body })
                setComparison({ jobId: job_id, form })
              })
            }}
          >
            {isCurrent ? 'Compare again' : 'Compare with the store'}
          </button>
          {!isCurrent && <span class="muted">Nothing is written. The differences are shown first.</span>}
        </div>
      </section>
      {isCurrent && job !== undefined && (
        <div aria-live="polite">
          {!hasEnded(job) && (
            <section class="panel" aria-label="Comparison">
              <ProgressBar job={job} />
              <p class="muted">Comparing the archive with the store…</p>
            </section>
          )}
          {job.error !== undefined && <ProblemBox problem={job.error} role="alert" />}
          {job.result !== undefined && (
            <>
              <DryRunResult job={job} result={job.result} />
              <StartRestore source={source} form={form} dryRun={job} result={job.result} />
            </>
          )}
          <p class="muted">
            This comparison is the dry run <a href={jobHref(job.job_id)}>{job.job_id}</a>.
          </p>
        </div>
      )}
    </>
  )
}
