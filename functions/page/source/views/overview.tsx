import type { VNode } from 'preact'
import { Job, JobList, type Schedule, ScheduleList } from '../api/schemas.ts'
import { useApi } from '../api/use-api.ts'
import { useArchives } from '../api/use-archives.ts'
import { scopeOf, startedBy, titleOf } from '../model/describe-job.ts'
import { hasEnded, labelOf } from '../model/phases.ts'
import { pollMs } from '../model/poll.ts'
import { jobHref } from '../model/route.ts'
import { ArchiveChart } from '../parts/chart.tsx'
import { JobTable } from '../parts/job-table.tsx'
import { ProgressBar } from '../parts/job-progress.tsx'
import { Section, WhenLoaded } from '../parts/section.tsx'
import { Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { Cards } from './overview/cards.tsx'

const RECENT = 8

/** What needs attention, what runs, and what was backed up and proved last. */
export const Overview = (): VNode => {
  const jobs = useApi('/_backup/jobs?limit=50', JobList, ({ jobs: listed }) => pollMs(listed))
  const ended = jobs.data?.jobs.filter(hasEnded).map(({ job_id }) => job_id)
  const archives = useArchives(ended?.join(' '))
  const schedules = useApi('/_backup/schedules', ScheduleList)
  const running = (jobs.data?.jobs ?? []).filter((job) => job.status === 'running' || job.status === 'queued')
  const listed = schedules.data?.schedules ?? []
  const isEmpty = jobs.data?.jobs.length === 0
  return (
    <>
      {listed.map((schedule) => (
        <ScheduleNotice key={schedule.name} schedule={schedule} />
      ))}
      <Cards archives={archives.data} jobs={jobs.data?.jobs} schedules={listed} />
      {running.length > 0 && (
        <Section title="Running now">
          <ul class="running">
            {running.map((job) => (
              <Running key={job.job_id} listed={job} />
            ))}
          </ul>
        </Section>
      )}
      {isEmpty ? (
        <section class="panel welcome" aria-label="First steps">
          <h2>Nothing has been backed up yet</h2>
          <p>An export writes all models to one archive. Start with one, then prove it with a restore.</p>
          <a class="button primary" href="#/export">
            Start the first export
          </a>
        </section>
      ) : (
        <>
          <Section title="Size of the archives" action={<a href="#/archives">All archives</a>}>
            <WhenLoaded loaded={archives}>{(list) => <ArchiveChart archives={list} />}</WhenLoaded>
          </Section>
          <Section title="Recent jobs" action={<a href="#/jobs">All jobs</a>}>
            <WhenLoaded loaded={jobs}>
              {(list) => <JobTable jobs={list.jobs.slice(0, RECENT)} label="Recent jobs" />}
            </WhenLoaded>
          </Section>
        </>
      )}
    </>
  )
}

/** Why a schedule needs attention, if it does. */
const ScheduleNotice = ({ schedule }: { readonly schedule: Schedule }): VNode | null => {
  const { name, overdue, last_good_at } = schedule
  if (overdue === false) return null
  const link = <a href="#/schedules">{name}</a>
  return (
    <p class="notice bad" role="status">
      <span class="sign" aria-hidden="true">
        !
      </span>
      {overdue === undefined ? (
        <span>
          The newest archives of the schedule {link} are damaged or deleted. It is unknown whether it is late.
        </span>
      ) : (
        <span>
          The schedule {link} is late.{' '}
          {last_good_at === undefined ? (
            'It has no good archive.'
          ) : (
            <>
              Its last good archive is from <Time at={last_good_at} />.
            </>
          )}
        </span>
      )}
    </p>
  )
}

/** A running job. The list of jobs has no progress, so the job itself is requested. */
const Running = ({ listed }: { readonly listed: Job }): VNode => {
  const { data: job = listed } = useApi(`/_backup/jobs/${encodeURIComponent(listed.job_id)}`, Job, (one) =>
    hasEnded(one) ? Infinity : pollMs([one]),
  )
  return (
    <li>
      <a href={jobHref(job.job_id)}>
        <b>{titleOf(job)}</b> {scopeOf(job)}
      </a>
      <Status status={job.status} />
      <span class="muted">
        {job.phase === undefined ? 'waiting to start' : labelOf(job.phase)} · {startedBy(job)}
      </span>
      <ProgressBar job={job} />
    </li>
  )
}
