import type { VNode } from 'preact'
import { Job, type Schedule, ScheduleList } from '../api/schemas.ts'
import { useApi } from '../api/use-api.ts'
import { useArchives, useJobs } from '../api/use-archives.ts'
import { hasNone } from '../model/archives.ts'
import { scopeOf, startedBy, titleOf } from '../model/describe-job.ts'
import { hasEnded, labelOf } from '../model/phases.ts'
import { pollMs } from '../model/poll.ts'
import { jobHref } from '../model/route.ts'
import { lastGoodOf, punctualityOf } from '../model/schedules.ts'
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
  const jobs = useJobs()
  const archives = useArchives(jobs)
  const schedules = useApi('/_backup/schedules', ScheduleList)
  const running = (jobs.data?.jobs ?? []).filter((job) => job.status === 'running' || job.status === 'queued')
  // Jobs are kept for 90 days, so there can be archives without a job.
  const isEmpty = jobs.data?.jobs.length === 0 && archives.data !== undefined && hasNone(archives.data)
  return (
    <>
      {schedules.data?.schedules.map((schedule) => (
        <ScheduleNotice key={schedule.name} schedule={schedule} />
      ))}
      <Cards archives={archives} jobs={jobs} schedules={schedules} />
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
            <WhenLoaded loaded={archives}>{(list) => <ArchiveChart archives={list.archives} />}</WhenLoaded>
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
  const punctuality = punctualityOf(schedule)
  if (punctuality === 'on time') return null
  const link = <a href="#/schedules">{schedule.name}</a>
  const { sentence, at } = lastGoodOf(schedule)
  return (
    <p class="notice bad" role="status">
      <span class="sign" aria-hidden="true">
        !
      </span>
      <span>
        {punctuality === 'late' ? (
          <>The schedule {link} is late.</>
        ) : (
          <>It is unknown whether the schedule {link} is late.</>
        )}{' '}
        {sentence}
        {at !== undefined && (
          <>
            {' '}
            <Time at={at} />
          </>
        )}
        .
      </span>
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
