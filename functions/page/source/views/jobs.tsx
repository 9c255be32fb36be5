import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { JobList } from '../api/schemas.ts'
import { useApi } from '../api/use-api.ts'
import { pollMs } from '../model/poll.ts'
import { JobTable } from '../parts/job-table.tsx'
import { PageButtons, usePages } from '../parts/pages.tsx'
import { WhenLoaded } from '../parts/section.tsx'

const KINDS = ['export', 'restore', 'check'] as const
const STATUSES = ['running', 'queued', 'awaiting_upload', 'succeeded', 'partial', 'failed', 'cancelled', 'expired']

/** All jobs of the last 90 days, newest first. */
export const Jobs = (): VNode => {
  const [kind, setKind] = useState('')
  const [status, setStatus] = useState('')
  const pages = usePages()
  const query = new URLSearchParams({ limit: '50' })
  if (kind !== '') query.set('kind', kind)
  if (status !== '') query.set('status', status)
  if (pages.cursor !== undefined) query.set('cursor', pages.cursor)
  const loaded = useApi(`/_backup/jobs?${query.toString()}`, JobList, ({ jobs }) => pollMs(jobs))
  const filter = (set: (value: string) => void) => (event: Event) => {
    if (event.currentTarget instanceof HTMLSelectElement) set(event.currentTarget.value)
    pages.showNewest()
  }
  return (
    <section class="panel" aria-label="Jobs">
      <div class="filters">
        <label>
          Kind
          <select value={kind} onChange={filter(setKind)}>
            <option value="">all</option>
            {KINDS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <label>
          Status
          <select value={status} onChange={filter(setStatus)}>
            <option value="">all</option>
            {STATUSES.map((one) => (
              <option key={one} value={one}>
                {one.replaceAll('_', ' ')}
              </option>
            ))}
          </select>
        </label>
      </div>
      <WhenLoaded loaded={loaded}>
        {({ jobs, cursor: next }) => (
          <>
            {jobs.length > 0 && <JobTable jobs={jobs} label="Jobs" />}
            {jobs.length === 0 && (
              <p class="empty">
                {/* The server ends a search after some time, so there may be further pages. */}
                {pages.cursor === undefined && next === undefined ? 'No job matches.' : 'No job on this page.'}
              </p>
            )}
            <PageButtons pages={pages} next={next} />
          </>
        )}
      </WhenLoaded>
    </section>
  )
}
