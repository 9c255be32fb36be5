import type { VNode } from 'preact'
import { useState } from 'preact/hooks'

/** The position in a list of several pages. */
interface Pages {
  /** The cursor of the shown page. Undefined for the first page. */
  readonly cursor: string | undefined
  readonly showOlder: (cursor: string) => void
  readonly showNewer: () => void
  readonly showNewest: () => void
}

export const usePages = (): Pages => {
  const [cursors, setCursors] = useState<readonly string[]>([])
  return {
    cursor: cursors.at(-1),
    showOlder: (cursor) => {
      setCursors([...cursors, cursor])
    },
    showNewer: () => {
      setCursors(cursors.slice(0, -1))
    },
    showNewest: () => {
      setCursors([])
    },
  }
}

interface PageButtonsProps {
  readonly pages: Pages
  /** The cursor of the next page, as the answer contains it. */
  readonly next: string | undefined
}

/** The buttons that show other pages. They are omitted if there is only one page. */
export const PageButtons = ({ pages, next }: PageButtonsProps): VNode | null =>
  pages.cursor === undefined && next === undefined ? null : (
    <div class="pages">
      <button type="button" disabled={pages.cursor === undefined} onClick={pages.showNewer}>
        Newer
      </button>
      <button
        type="button"
        disabled={next === undefined}
        onClick={() => {
          if (next !== undefined) pages.showOlder(next)
        }}
      >
        Older
      </button>
    </div>
  )
