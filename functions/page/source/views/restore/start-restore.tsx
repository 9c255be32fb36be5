import type { VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import { send } from '../../api/client.ts'
import { type Job, type Result, StartedJob } from '../../api/schemas.ts'
import { useAction } from '../../api/use-action.ts'
import { isEmpty, type Plan, planOf } from '../../model/differences.ts'
import { type ArchiveSource, type RestoreForm, restoreRequest } from '../../model/forms.ts'
import { count, plural } from '../../model/format.ts'
import { jobHref } from '../../model/route.ts'
import { ProblemBox } from '../../parts/problem.tsx'

interface StartRestoreProps {
  readonly source: ArchiveSource
  readonly form: RestoreForm
  readonly dryRun: Job
  readonly result: Result
}

/** The button that starts the restore. It says what the restore would do. */
export const StartRestore = ({ source, form, dryRun, result }: StartRestoreProps): VNode => {
  const plan = planOf(result, form.strategy)
  // A second click or a repeated request does not start a second restore.
  const idempotencyKey = useMemo(() => `page-${crypto.randomUUID()}`, [dryRun.job_id])
  const { isBusy, problem, run } = useAction()
  const nothing = isEmpty(plan)
  return (
    <section class="panel go" aria-label="Restore">
      <p>{describePlan(plan)}</p>
      {problem !== undefined && <ProblemBox problem={problem} role="alert" />}
      <button
        type="button"
        class={nothing ? '' : 'danger solid'}
        disabled={isBusy}
        onClick={() => {
          run(async () => {
            const { path, body } = restoreRequest(source, form, false)
            const { job_id } = await send(path, StartedJob, { method: 'POST', body, idempotencyKey })
            location.hash = jobHref(job_id)
          })
        }}
      >
        {isBusy ? 'Starting…' : nothing ? 'Restore anyway' : labelOf(plan)}
      </button>
    </section>
  )
}

const labelOf = ({ create, replace, blobs }: Plan): string =>
  create + replace > 0 ? `Restore ${plural(create + replace, 'resource')}` : `Restore ${plural(blobs, 'blob')}`

const describePlan = ({ create, replace, same, targetOnly, blobs }: Plan): VNode => (
  <>
    The restore creates <b>{plural(create, 'resource')}</b>, replaces <b>{count(replace)}</b> and writes{' '}
    <b>{plural(blobs, 'blob')}</b>. It leaves {plural(same, 'resource')} as they are, and deletes no resource
    {targetOnly > 0 && `: ${count(targetOnly)} only in the store`}.
  </>
)
