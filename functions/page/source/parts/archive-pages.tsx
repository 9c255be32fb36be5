import type { ComponentChildren, VNode } from 'preact'
import type { Archive } from '../api/schemas.ts'
import { useArchives, type useJobs } from '../api/use-archives.ts'
import { PageButtons, usePages } from './pages.tsx'
import { WhenLoaded } from './section.tsx'

const LIMIT = 50

interface ArchivePagesProps {
  readonly jobs: ReturnType<typeof useJobs>
  readonly children: (archives: readonly Archive[]) => ComponentChildren
}

/** Shows all archives, newest first, one page at a time. A page can be empty although there are further pages. */
export const ArchivePages = ({ jobs, children }: ArchivePagesProps): VNode => {
  const pages = usePages()
  const { cursor } = pages
  const loaded = useArchives(jobs, { limit: String(LIMIT), ...(cursor === undefined ? {} : { cursor }) })
  return (
    <WhenLoaded loaded={loaded}>
      {({ archives, cursor: next }) =>
        archives.length === 0 && cursor === undefined && next === undefined ? (
          <p class="empty">
            There is no archive yet. <a href="#/export">Start an export</a>.
          </p>
        ) : (
          <>
            {archives.length === 0 ? <p class="empty">No archive on this page.</p> : children(archives)}
            <PageButtons pages={pages} next={next} />
          </>
        )
      }
    </WhenLoaded>
  )
}
