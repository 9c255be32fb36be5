import type { VNode } from 'preact'
import { send, urlOf } from '../api/client.ts'
import { type Archive, StartedJob } from '../api/schemas.ts'
import { useAction } from '../api/use-action.ts'
import { useArchives, useJobs } from '../api/use-archives.ts'
import { evidenceOf, exportConcerns, hasFilters, resourcesOf } from '../model/archives.ts'
import { namesOf } from '../model/describe-job.ts'
import { bytes, plural } from '../model/format.ts'
import { jobHref, restoreHref } from '../model/route.ts'
import { ArchivePages } from '../parts/archive-pages.tsx'
import { ArchiveChart } from '../parts/chart.tsx'
import { ProblemBox } from '../parts/problem.tsx'
import { Section } from '../parts/section.tsx'
import { Badge } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'

/** All archives, what they contain, and what is proved. */
export const Archives = (): VNode => {
  const jobs = useJobs()
  const newest = useArchives(jobs).data?.archives ?? []
  return (
    <>
      {newest.length > 0 && (
        <Section title="Over time">
          <ArchiveChart archives={newest} />
        </Section>
      )}
      <Section title="Archives">
        <ArchivePages jobs={jobs}>{(archives) => <ArchiveTable archives={archives} />}</ArchivePages>
      </Section>
    </>
  )
}

const ArchiveTable = ({ archives }: { readonly archives: readonly Archive[] }): VNode => {
  const { isBusy, problem, run } = useAction()
  const check = ({ bucket, key, version_id }: Archive): void => {
    run(async () => {
      const from = { bucket, key, ...(version_id === undefined ? {} : { version_id }) }
      const { job_id } = await send('/_backup/check', StartedJob, { method: 'POST', body: { from, wait: 0 } })
      location.hash = jobHref(job_id)
    })
  }
  return (
    <>
      {problem !== undefined && <ProblemBox problem={problem} role="alert" />}
      <div class="scroll" role="group" aria-label="Archives" tabIndex={0}>
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Created</th>
              <th scope="col">From</th>
              <th scope="col">Content</th>
              <th scope="col" class="number">
                Size
              </th>
              <th scope="col">State</th>
              <th scope="col">Proved</th>
              <th scope="col">
                <span class="hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {archives.map((archive) => (
              <tr key={`${archive.key} ${archive.version_id ?? ''}`}>
                <th scope="row">
                  <a href={jobHref(archive.job_id)}>
                    <Time at={archive.created_at} />
                  </a>
                </th>
                <td data-label="From">{archive.schedule ?? 'request'}</td>
                <td data-label="Content">
                  <span>
                    {plural(resourcesOf(archive), 'resource')}{' '}
                    <span class="muted">
                      {namesOf(Object.keys(archive.models))}
                      {hasFilters(archive) && ' (filtered)'}
                    </span>
                  </span>
                </td>
                <td data-label="Size" class="number">
                  {bytes(archive.size)}
                </td>
                <td data-label="State">
                  <ArchiveState archive={archive} />
                </td>
                <td data-label="Proved">
                  <Proof archive={archive} />
                </td>
                <td class="row-actions">
                  <a href={restoreHref(archive)}>Restore…</a>
                  <button
                    type="button"
                    class="link"
                    disabled={isBusy}
                    onClick={() => {
                      check(archive)
                    }}
                  >
                    Check
                  </button>
                  <a href={urlOf(`/_backup/jobs/${encodeURIComponent(archive.job_id)}/archive`)} download>
                    Download
                  </a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

const ArchiveState = ({ archive }: { readonly archive: Archive }): VNode => {
  const { complete, decision, locked_until } = archive
  return (
    <span class="badges">
      {decision === 'confirmed' && <Badge tone="good" text={decision} />}
      {exportConcerns(archive).map(({ tone, text }) => (
        <Badge key={text} tone={tone} text={text} />
      ))}
      {complete && <Badge tone="good" text="complete" />}
      {locked_until !== undefined && (
        <span class="muted">
          locked until <time dateTime={locked_until}>{new Date(locked_until).toLocaleDateString()}</time>
        </span>
      )}
    </span>
  )
}

/** The checks and restores of an archive. A failed check is shown before an earlier restore. */
const Proof = ({ archive }: { readonly archive: Archive }): VNode => {
  const evidence = evidenceOf(archive)
  if (evidence.length === 0) return <span class="muted">not yet</span>
  return (
    <span class="badges">
      {evidence.map(({ kind, at, job_id }) => (
        <a key={kind} href={jobHref(job_id)}>
          {kind === 'check failed' ? <Badge tone="bad" text={kind} /> : kind} <Time at={at} />
        </a>
      ))}
    </span>
  )
}
