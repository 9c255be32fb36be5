import type { VNode } from 'preact'
import { type Archive, Health, type Job, type Schedule } from '../../api/schemas.ts'
import { type Loaded, useApi } from '../../api/use-api.ts'
import { concernsOf, lastProof, resourcesOf } from '../../model/archives.ts'
import { bytes, plural } from '../../model/format.ts'
import { healthSummary, lastFailure } from '../../model/health.ts'
import { jobHref } from '../../model/route.ts'
import { Badge } from '../../parts/status.tsx'
import { Time } from '../../parts/time.tsx'

interface CardsProps {
  readonly archives: readonly Archive[] | undefined
  readonly jobs: readonly Job[] | undefined
  readonly schedules: readonly Schedule[]
}

/** The last backup, the last proof by a restore, the last failure and the health of the deployment. */
export const Cards = ({ archives = [], jobs = [], schedules }: CardsProps): VNode => {
  const health = useApi('/_backup/health', Health)
  return (
    <div class="cards">
      <LastArchive newest={archives[0]} />
      <LastProof archives={archives} />
      <LastFailure jobs={jobs} health={health.data} />
      {!health.isMissing && <HealthCard health={health} schedules={schedules} />}
    </div>
  )
}

const LastArchive = ({ newest }: { readonly newest: Archive | undefined }): VNode => (
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
          {[
            plural(resourcesOf(newest), 'resource'),
            bytes(newest.size),
            ...concernsOf(newest).map(({ text }) => text),
          ].join(' · ')}
        </p>
      </>
    )}
  </div>
)

const LastProof = ({ archives }: { readonly archives: readonly Archive[] }): VNode => {
  const proof = lastProof(archives)
  return (
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
          <p class="muted">{proof.isDamaged ? 'a later check of the archive failed' : 'every check passed'}</p>
        </>
      )}
    </div>
  )
}

interface LastFailureProps {
  readonly jobs: readonly Job[]
  readonly health: Health | undefined
}

const LastFailure = ({ jobs, health }: LastFailureProps): VNode => {
  const failure = lastFailure(jobs, health)
  return (
    <div class="card">
      <h2>Last failure</h2>
      {failure === undefined ? (
        <>
          <p class="big muted">none</p>
          <p class="muted">in the last 50 jobs{health !== undefined && ', or in the last 24 hours'}</p>
        </>
      ) : (
        <>
          <p class="big">
            <a href={jobHref(failure.job_id)}>
              <Time at={failure.at} />
            </a>
          </p>
          <p class="muted">{failure.text}</p>
        </>
      )}
    </div>
  )
}

interface HealthCardProps {
  readonly health: Loaded<Health>
  readonly schedules: readonly Schedule[]
}

/** What is wrong with the deployment, as far as it can be found quickly. */
const HealthCard = ({ health: { data, problem }, schedules }: HealthCardProps): VNode => {
  const summary = data === undefined ? undefined : healthSummary(data, schedules)
  return (
    <div class="card" role="group" aria-label="Health">
      <h2>Health</h2>
      <p class="big">
        {summary === undefined ? (
          <span class="muted">{problem === undefined ? '…' : 'unknown'}</span>
        ) : (
          <Badge tone={summary.status === 'ok' ? 'good' : 'warn'} text={summary.status} />
        )}
      </p>
      {problem !== undefined && <p class="muted">{problem.detail}</p>}
      {summary?.findings.map((finding) => (
        <p key={finding} class="muted">
          {finding}
        </p>
      ))}
    </div>
  )
}
