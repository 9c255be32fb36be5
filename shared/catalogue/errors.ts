import { quote } from '../values/message-text.ts'
import type { ArchiveFilter } from './archive-search.ts'

/** No archive matches a filter. */
export class NoArchiveError extends Error {
  override readonly name = 'NoArchiveError'

  constructor({ schedule, model, complete }: ArchiveFilter) {
    const conditions = [
      ...(schedule === undefined ? [] : [`of schedule ${quote(schedule)}`]),
      ...(model === undefined ? [] : [`of model ${quote(model)}`]),
      ...(complete === undefined ? [] : [complete ? 'that is complete' : 'that is not complete']),
    ]
    super(`there is no archive${conditions.map((condition) => ` ${condition}`).join('')} in the archive bucket`)
  }
}

/** A search has encountered very many entries of deleted archives, and has not ended within its time. */
export class ArchiveSearchTimeoutError extends Error {
  override readonly name = 'ArchiveSearchTimeoutError'

  constructor(seconds: number) {
    super(
      `no matching archive was found within ${seconds} seconds, but the search is not complete; repeat the request: ` +
        'each search removes the entries of deleted archives that it encounters',
    )
  }
}

/** A command was called with the table of one deployment and the archive bucket of another one. */
export class OtherBucketError extends Error {
  override readonly name = 'OtherBucketError'

  constructor(known: string, given: string) {
    super(
      `the catalogue in this table contains archives of bucket ${known}, not of ${given}; nothing was changed; ` +
        'check that the table and the bucket belong to the same deployment',
    )
  }
}
