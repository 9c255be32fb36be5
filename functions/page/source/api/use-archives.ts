import { useEffect, useRef } from 'preact/hooks'
import { type Archive, ArchiveList } from './schemas.ts'
import { type Loaded, useApi } from './use-api.ts'

const LIMIT = 200

/**
 * The interval of requests for lists of archives. The server sends a request to S3 for each listed archive, and
 * archives change rarely.
 */
export const ARCHIVES_MS = 5 * 60_000

/**
 * Returns the newest archives. Requests them again when `ended` changes, which identifies the jobs that have ended. It
 * is undefined while these jobs are unknown.
 */
export const useArchives = (ended?: string): Loaded<readonly Archive[]> => {
  const { data, ...rest } = useApi(`/_backup/archives?limit=${LIMIT}`, ArchiveList, () => ARCHIVES_MS)
  const { reload } = rest
  const last = useRef(ended)
  useEffect(() => {
    if (last.current !== undefined && last.current !== ended) reload()
    last.current = ended
  }, [ended])
  return { ...rest, ...(data === undefined ? {} : { data: data.archives }) }
}
