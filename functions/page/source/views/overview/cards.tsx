import type { ComponentChildren, VNode } from 'preact'
import type * as z from 'zod/mini'
import { type ArchiveList, Health, type Job, type JobList, type ScheduleList } from '../../api/schemas.ts'
import { type Loaded, useApi } from '../../api/use-api.ts'
import { concernsOf, lastProof, noneIn, resourcesOf } from '../../model/archives.ts'
import { bytes, plural } from '../../model/format.ts'
import { healthSummary, lastFailure } from '../../model/health.ts'
import { jobHref } from '../../model/route.ts'
import { Badge } from '../../parts/status.tsx'
import { Time } from '../../parts/time.tsx'

type Output<Schema extends z.ZodMiniType> = Loaded<z.output<Schema>>

interface CardsProps {
  readonly archives: Output<typeof ArchiveList>
  readonly jobs: Output<typeof JobList>
  readonly schedules: Output<typeof ScheduleList>
}

/** The last backup, the last proof by a restore, the last failure and the health of the deployment. */
export const Cards = ({ archives, jobs, schedules }: CardsProps): VNode => {
  const health = useApi('/_backup/health', Health)
  return (
    <div class="cards">
      <Card title="Last archive" loaded={archives}>
        {(list) => <LastArchive list={list} />}
      </Card>
      <Card title="Last proof by a restore" loaded={archives}>
        {(list) => <LastProof list={list} />}
      </Card>
      <Card title="Last failure" loaded={jobs}>
        {(list) => <LastFailure jobs={list.jobs} health={health.data} />}
      </Card>
      {!health.isMissing && (
        <Card title="Health" loaded={health}>
          {(data) => <HealthState health={data} schedules={schedules} />}
        </Card>
      )}
    </div>
  )
}

interface CardProps<Data> {
  readonly title: string
  readonly loaded: Loaded<Data>
  readonly children: (data: Data) => ComponentChildren
}

/** Shows an answer. Without an answer, says only that it is unknown. */
const Card = <Data,>({ title, loaded: { data, problem }, children }: CardProps<Data>): VNode => (
  <div class="card" role="group" aria-label={title}>
    <h2>{title}</h2>
    {data === undefined ? <p class="big muted">{problem === undefined ? '…' : 'unknown'}</p> : children(data)}
    {problem !== undefined && <p class="muted">{problem.detail}</p>}
  </div>
)

interface ArchivesProps {
  readonly list: z.output<typeof ArchiveList>
}

const LastArchive = ({ list }: ArchivesProps): VNode => {
  const newest = list.archives.at(0)
  if (newest === undefined) return <p class="big muted">{noneIn(list)}</p>
  return (
    <>
      <p class="big">
        <a href={jobHref(newest.job_id)}>
          <Time at={newest.created_at} />
        </a>
      </p>
      <p class="muted">
        {[
          plural(resourcesOf(newest), 'resource'),
          bytes(newest.size),
          ...concernsOf(newest).map(({ text }) => text),
        ].join(' · ')}
      </p>
    </>
  )
}

const LastProof = ({ list }: ArchivesProps): VNode => {
  const proof = lastProof(list.archives)
  if (proof === undefined)
    return (
      <>
        <p class="big muted">{noneIn(list)}</p>
        <p class="muted">A restore of a whole archive proves it.</p>
      </>
    )
  return (
    <>
      <p class="big">
        <a href={jobHref(proof.job_id)}>
          <Time at={proof.at} />
        </a>
      </p>
      <p class="muted">{proof.isDamaged ? 'a later check of the archive failed' : 'every check passed'}</p>
    </>
  )
}

interface LastFailureProps {
  readonly jobs: readonly Job[]
  readonly health: Health | undefined
}

const LastFailure = ({ jobs, health }: LastFailureProps): VNode => {
  const failure = lastFailure(jobs, health)
  if (failure === undefined)
    return (
      <>
        <p class="big muted">none</p>
        <p class="muted">in the last 50 jobs{health !== undefined && ', or in the last 24 hours'}</p>
      </>
    )
  return (
    <>
      <p class="big">
        <a href={jobHref(failure.job_id)}>
          <Time at={failure.at} />
        </a>
      </p>
      <p class="muted">{failure.text}</p>
    </>
  )
}

interface HealthStateProps {
  readonly health: Health
  readonly schedules: Output<typeof ScheduleList>
}

/** What is wrong with the deployment, as far as it can be found quickly. */
const HealthState = ({ health, schedules: { data, isMissing } }: HealthStateProps): VNode => {
  const { status, findings } = healthSummary(health, isMissing ? [] : data?.schedules)
  return (
    <>
      <p class="big">
        <Badge tone={status === 'ok' ? 'good' : 'warn'} text={status} />
      </p>
      {findings.map((finding) => (
        <p key={finding} class="muted">
          {finding}
        </p>
      ))}
    </>
  )
}
