import { useEffect, useMemo, useRef } from 'preact/hooks'
import type * as z from 'zod/mini'
import { LimitedReloads } from '../model/limited-reloads.ts'
import { hasAnotherEnded, pollMs } from '../model/poll.ts'
import { ArchiveList, JobList } from './schemas.ts'
import { type Loaded, useApi } from './use-api.ts'

const LIMIT = 200

/**
 * The interval of requests for lists of archives. The server sends a request to S3 for each listed archive, and
 * archives change rarely.
 */
const ARCHIVES_MS = 5 * 60_000

/** Requests the newest jobs often. */
export const useJobs = (): Loaded<z.output<typeof JobList>> =>
  useApi('/_backup/jobs?limit=50', JobList, ({ jobs }) => pollMs(jobs))

/**
 * Returns a page of archives. The default are the newest archives. If `jobs` is given, requests the page again when one
 * of them has ended, see `LimitedReloads`.
 */
export const useArchives = (
  jobs?: Loaded<z.output<typeof JobList>>,
  parameters: Readonly<Record<string, string>> = { limit: String(LIMIT) },
): Loaded<z.output<typeof ArchiveList>> => {
  const query = new URLSearchParams(parameters).toString()
  const loaded = useApi(`/_backup/archives?${query}`, ArchiveList, () => ARCHIVES_MS)
  const { reload } = loaded
  const listed = jobs?.data?.jobs
  const last = useRef(listed)
  const reloads = useMemo(() => new LimitedReloads(reload), [reload])
  useEffect(() => {
    if (hasAnotherEnded(last.current, listed)) reloads.jobEnded()
    last.current = listed
  }, [listed, reloads])
  useEffect(
    () => () => {
      reloads.stop()
    },
    [reloads],
  )
  return loaded
}
