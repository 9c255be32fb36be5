import * as z from 'zod'
import type { KnownArchive } from './catalogued-archive.ts'

/** Selects archives. An absent member selects all archives. */
export interface ArchiveFilter {
  readonly schedule?: string
  /** Selects the archives whose scope contains this model. */
  readonly model?: string
  readonly complete?: boolean
  /** The earliest `created_at`, in ISO 8601 in UTC with milliseconds. */
  readonly from?: string
  /** The time before which an archive must have been created, in the same format. */
  readonly to?: string
}

/** A part of a search. The next step continues after `cursor`. */
export interface SearchStep {
  /** The archives of this step, newest first, each with the cursor after it. A step may contain no archive. */
  readonly archives: readonly { readonly archive: KnownArchive; readonly cursor: string }[]
  readonly cursor: string
}

/** A position in the lists of the catalogue: a month, and the sort key of the last entry that was read. */
export const Position = z.strictObject({
  month: z.string().regex(/^\d{6}$/),
  after: z.string().regex(/^[\x21-\x7e]{1,200}$/),
})
export type Position = z.output<typeof Position>
