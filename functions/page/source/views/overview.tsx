import type { VNode } from 'preact'
import { type Archive, Health, Job, JobList, ScheduleList } from '../api/schemas.ts'
import { useApi } from '../api/use-api.ts'
import { useArchives } from '../api/use-archives.ts'
import { lastProof, resourcesOf } from '../model/archives.ts'
import { scopeOf, startedBy, titleOf } from '../model/describe-job.ts'
import { bytes, plural } from '../model/format.ts'
import { healthFindings } from '../model/health.ts'
import { hasEnded, labelOf } from '../model/phases.ts'
import { pollMs } from '../model/poll.ts'
import { jobHref } from '../model/route.ts'
import { ArchiveChart } from '../parts/chart.tsx'
import { JobTable } from '../parts/job-table.tsx'
import { ProgressBar } from '../parts/job-progress.tsx'
import { Section, WhenLoaded } from '../parts/section.tsx'
import { Badge, Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'

const RECENT = 8

/** What needs attention, what runs, and what was backed up and proved last. */
export const Overview = (): VNode => {
  const jobs = useApi('/_backup/jobs?limit=50', JobList, ({ jobs: listed }) => pollMs(listed))
  const archives = useArchives()
  const schedules = useApi('/_backup/schedules', ScheduleList)
  const running = (jobs.data?.jobs ?? []).filter((job) => job.status === 'running' || job.status === 'queued')
  const late = (schedules.data?.schedules ?? []).filter(({ overdue }) => overdue === true)
  const isEmpty = jobs.data?.jobs.length === 0
  return (
    <>
      {late.map(({ name, last_good_at }) => (
        <p key={name} class="notice bad" role="status">
          <span class="sign" aria-hidden="true">
            !
          </span>
          <span>
            The schedule <a href="#/schedules">{name}</a> is late.{' '}
            {last_good_at === undefined ? (
              'It has no good archive.'
            ) : (
              <>
                Its last good archive is from <Time at={last_good_at} />.
              </>
            )}
          </span>
        </p>
      ))}
      <Facts archives={archives.data} jobs={jobs.data?.jobs} />
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

interface FactsProps {
  readonly archives: readonly Archive[] | undefined
  readonly jobs: readonly Job[] | undefined
}

/** The answers to the two questions that matter: when was the last backup, and has a restore proved one? */
const Facts = ({ archives = [], jobs = [] }: FactsProps): VNode => {
  const newest = archives[0]
  const proof = lastProof(archives)
  const failed = jobs.find(({ status }) => status === 'failed')
  return (
    <div class="cards">
      <div class="card">
        <h2>Last archive</h2>
        {newest === undefined ? (
          <p class="big muted">none yet</p>
        ) : (
          <>
            <p class="big">
              <a href={jobHref(newest.job_id)}>
                <Time at={newest.created_at} />
              </a>
            </p>
            <p class="muted">
              {plural(resourcesOf(newest), 'resource')} · {bytes(newest.size)}
              {newest.suspicious && newest.decision === undefined && ' · suspicious'}
              {!newest.complete && ' · not complete'}
            </p>
          </>
        )}
      </div>
      <div class="card">
        <h2>Last proof by a restore</h2>
        {proof === undefined ? (
          <>
            <p class="big muted">none yet</p>
            <p class="muted">A restore of a whole archive proves it.</p>
          </>
        ) : (
          <>
            <p class="big">
              <a href={jobHref(proof.job_id)}>
                <Time at={proof.at} />
              </a>
            </p>
            <p class="muted">every check passed</p>
          </>
        )}
      </div>
      <div class="card">
        <h2>Last failure</h2>
        {failed === undefined ? (
          <>
            <p class="big muted">none</p>
            <p class="muted">in the last 50 jobs</p>
          </>
        ) : (
          <>
            <p class="big">
              <a href={jobHref(failed.job_id)}>
                <Time at={failed.created_at} />
              </a>
            </p>
            <p class="muted">
              {titleOf(failed)}: {failed.error?.title ?? 'failed'}
            </p>
          </>
        )}
      </div>
      <HealthCard />
    </div>
  )
}

/** What is wrong with the deployment, as far as it can be found quickly. */
const HealthCard = (): VNode | null => {
  const { data, problem, isMissing } = useApi('/_backup/health', Health)
  if (isMissing) return null
  const findings = data === undefined ? [] : healthFindings(data)
  return (
    <div class="card" role="group" aria-label="Health">
      <h2>Health</h2>
      <p class="big">
        {data === undefined ? (
          <span class="muted">{problem === undefined ? '…' : 'unknown'}</span>
        ) : (
          <Badge tone={data.status === 'ok' ? 'good' : 'warn'} text={data.status} />
        )}
      </p>
      {problem !== undefined && <p class="muted">{problem.detail}</p>}
      {data !== undefined && findings.length === 0 && <p class="muted">no failures, nothing is late</p>}
      {findings.map((finding) => (
        <p key={finding} class="muted">
          {finding}
        </p>
      ))}
    </div>
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
