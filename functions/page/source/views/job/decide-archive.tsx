import type { VNode } from 'preact'
import { send } from '../../api/client.ts'
import { Anything, type Job, type Suspicious } from '../../api/schemas.ts'
import { useAction } from '../../api/use-action.ts'
import { scheduleOf } from '../../model/archives.ts'
import { count } from '../../model/format.ts'
import { ConfirmButton } from '../../parts/confirm.tsx'
import { ProblemBox } from '../../parts/problem.tsx'
import { useState } from 'preact/hooks'

interface DecideArchiveProps {
  readonly job: Job
  readonly suspicious: Suspicious
}

/** Why an archive is suspicious, and the decision about it. */
export const DecideArchive = ({ job, suspicious }: DecideArchiveProps): VNode => {
  const { resources, findings } = suspicious
  const [made, setMade] = useState(suspicious.decision?.decision)
  const { isBusy, problem, run } = useAction()
  const schedule = scheduleOf(job.result?.archive?.key ?? '') ?? ''
  const decide = (reject: boolean): void => {
    run(async () => {
      const path = `/_backup/schedules/${encodeURIComponent(schedule)}/confirm`
      await send(path, Anything, { method: 'POST', body: { job_id: job.job_id, resources, reject } })
      setMade(reject ? 'rejected' : 'confirmed')
    })
  }
  return (
    <div class="notice warn stack">
      <p>
        <b>This archive is suspicious:</b> it contains much less than the archive before it.
        {made !== undefined && ` It was ${made}.`}
      </p>
      <ul>
        {findings.map(({ model, count: what, before, now }) => (
          <li key={`${model} ${what}`}>
            {model}: {what} fell from {count(before)} to {count(now)}
          </li>
        ))}
      </ul>
      {problem !== undefined && <ProblemBox problem={problem} role="alert" />}
      {made === undefined && !isBusy && (
        <div class="actions">
          <ConfirmButton
            label="Confirm the archive"
            title="Confirm this archive?"
            action="Confirm"
            onConfirm={() => {
              decide(false)
            }}
          >
            <p>Confirm it if the data was deleted on purpose. It then replaces earlier archives of {schedule}.</p>
            <p>A decision cannot be changed.</p>
          </ConfirmButton>
          <ConfirmButton
            label="Reject the archive"
            title="Reject this archive?"
            action="Reject"
            isDangerous
            onConfirm={() => {
              decide(true)
            }}
          >
            <p>Reject it if data was lost. The last good archive of {schedule} is then kept.</p>
            <p>A decision cannot be changed.</p>
          </ConfirmButton>
        </div>
      )}
    </div>
  )
}
