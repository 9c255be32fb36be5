import type { VNode } from 'preact'
import { send } from '../api/client.ts'
import { Anything, type Schedule, ScheduleList, StartedJob } from '../api/schemas.ts'
import { useAction } from '../api/use-action.ts'
import { useApi } from '../api/use-api.ts'
import { plural } from '../model/format.ts'
import { jobHref } from '../model/route.ts'
import { lastGoodOf, punctualityOf } from '../model/schedules.ts'
import { ConfirmButton } from '../parts/confirm.tsx'
import { ProblemBox } from '../parts/problem.tsx'
import { WhenLoaded } from '../parts/section.tsx'
import { Badge, Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'

const PAUSE_DAYS = 7

/** All schedules of the settings: the next and the last run, and what is late. */
export const Schedules = (): VNode => {
  const loaded = useApi('/_backup/schedules', ScheduleList)
  return (
    <WhenLoaded loaded={loaded}>
      {({ schedules }) =>
        schedules.length === 0 ? (
          <p class="empty">The settings of this deployment contain no schedule.</p>
        ) : (
          <ul class="schedules">
            {schedules.map((schedule) => (
              <ScheduleCard key={schedule.name} schedule={schedule} reload={loaded.reload} />
            ))}
          </ul>
        )
      }
    </WhenLoaded>
  )
}

const ScheduleCard = ({ schedule, reload }: { readonly schedule: Schedule; readonly reload: () => void }): VNode => {
  const { name, cron, rate, timezone = 'UTC', models, keep_days, next_at, last, undecided, paused } = schedule
  const lastGood = lastGoodOf(schedule)
  const { isBusy, problem, run } = useAction()
  const path = `/_backup/schedules/${encodeURIComponent(name)}`
  const change = (action: string, body: object): void => {
    run(async () => {
      await send(`${path}/${action}`, Anything, { method: 'POST', body })
      reload()
    })
  }
  return (
    <li class="panel">
      <div class="panel-head">
        <h2>{name}</h2>
        <span class="panel-actions">
          {paused !== undefined && <Badge tone="idle" text="paused" />}
          <Punctuality schedule={schedule} />
        </span>
      </div>
      <p class="muted">
        <code>{cron ?? rate}</code> {cron === undefined ? '' : timezone} ·{' '}
        {models === undefined ? 'all models' : models.join(', ')}
        {keep_days !== undefined && ` · kept for ${plural(keep_days, 'day')}`}
      </p>
      <dl class="facts">
        <div>
          <dt>Next run</dt>
          <dd>{next_at === undefined ? '–' : <Time at={next_at} />}</dd>
        </div>
        <div>
          <dt>Last run</dt>
          <dd>
            {last === undefined ? (
              'never'
            ) : (
              <>
                <a href={jobHref(last.job_id)}>
                  <Status status={last.status} /> {last.due_at !== undefined && <Time at={last.due_at} />}
                </a>{' '}
                {last.damaged === true && <Badge tone="bad" text="damaged or deleted" />}
              </>
            )}
          </dd>
        </div>
        <div>
          <dt>Last good archive</dt>
          <dd>
            {lastGood.text} {lastGood.at !== undefined && <Time at={lastGood.at} />}
          </dd>
        </div>
      </dl>
      {undecided !== undefined && (
        <p class="notice warn">
          <a href={jobHref(undecided.job_id)}>A suspicious archive</a> waits for a decision. Until then, no archive of
          this schedule is deleted.
        </p>
      )}
      {paused !== undefined && (
        <p class="notice warn">
          Paused by {paused.by} until {new Date(paused.until).toLocaleString()}
          {paused.reason !== undefined && `: ${paused.reason}`}
        </p>
      )}
      {problem !== undefined && <ProblemBox problem={problem} role="alert" />}
      <div class="actions">
        <button
          type="button"
          disabled={isBusy}
          onClick={() => {
            run(async () => {
              const { job_id } = await send(`${path}/run`, StartedJob, { method: 'POST', body: { wait: 0 } })
              location.hash = jobHref(job_id)
            })
          }}
        >
          Run now
        </button>
        {paused === undefined ? (
          <ConfirmButton
            label="Pause"
            title={`Pause ${name}?`}
            action={`Pause for ${PAUSE_DAYS} days`}
            onConfirm={() => {
              change('pause', { days: PAUSE_DAYS })
            }}
          >
            <p>The schedule starts no exports until then. It still counts as late if it has no good archive in time.</p>
          </ConfirmButton>
        ) : (
          <button
            type="button"
            disabled={isBusy}
            onClick={() => {
              change('resume', {})
            }}
          >
            Resume
          </button>
        )}
      </div>
    </li>
  )
}

const Punctuality = ({ schedule }: { readonly schedule: Schedule }): VNode => {
  const punctuality = punctualityOf(schedule)
  if (punctuality === 'unknown') return <Badge tone="bad" text="unknown whether late" />
  return <Badge tone={punctuality === 'on time' ? 'good' : 'bad'} text={punctuality} />
}
