import type { ComponentChildren, VNode } from 'preact'
import { type Archive, ArchiveList } from '../api/schemas.ts'
import { useApi } from '../api/use-api.ts'
import { ARCHIVES_MS } from '../api/use-archives.ts'
import { PageButtons, usePages } from './pages.tsx'
import { WhenLoaded } from './section.tsx'

const LIMIT = 50

interface ArchivePagesProps {
  readonly children: (archives: readonly Archive[]) => ComponentChildren
}

/** Shows all archives, newest first, one page at a time. A page can be empty although there are further pages. */
export const ArchivePages = ({ children }: ArchivePagesProps): VNode => {
  const pages = usePages()
  const query = new URLSearchParams({ limit: String(LIMIT) })
  if (pages.cursor !== undefined) query.set('cursor', pages.cursor)
  const loaded = useApi(`/_backup/archives?${query.toString()}`, ArchiveList, () => ARCHIVES_MS)
  return (
    <WhenLoaded loaded={loaded}>
      {({ archives, cursor: next }) =>
        archives.length === 0 && pages.cursor === undefined && next === undefined ? (
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
